"""Migrations make the very schema that the entities describe, on both databases."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Enum, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from skydb.domain import AlignmentSolution, Base, IngestActivity
from skydb.domain.base import Word
from skydb.domain.vocabulary import FindingKind
from skydb.errors import SchemaError, StoreError, UsageError
from skydb.store import schema
from skydb.store.engine import open_engine, resolve_url
from skydb.store.unit_of_work import Store
from tests.domain.entities import STAMP, version_of, wcs

PUBLIC_VIEWS = {
    "v_sky_values": "run_id started_at rootname extver requested_method effective_method"
    " downgraded mdrizsky unit is_relative proposal_id visit filter detector",
    "v_sky_comparison": "rootname extver localmin match globalmin_match globalmin unit",
    "v_alignment_history": "rootname product wcs_name origin refcat nmatches rms_ra_mas"
    " rms_dec_mas fitted_at applied_at status superseded_by",
    "v_alignment_current": "rootname product wcs_name origin refcat nmatches rms_ra_mas"
    " rms_dec_mas fitted_at applied_at status superseded_by",
    "v_downloads": "uri status bytes sha256 path started_at error",
    "v_visit_status": "proposal_id visit exposures downloaded aligned matched",
}

BREAKS = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "throwaway", "{head}"

def upgrade():
    recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("activities", recreate=recreate) as table:
        table.add_column(sa.Column("colour", sa.String(8)))
    {more}

def downgrade():
    with op.batch_alter_table("activities") as table:
        table.drop_column("colour")
"""


def config_of(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(schema.migrations_directory()))
    config.attributes["engine"] = engine
    return config


def head() -> str:
    scripts = ScriptDirectory(str(schema.migrations_directory()))
    return str(scripts.get_current_head())


def test_the_schema_comes_to_be_by_migrating_and_a_second_time_changes_nothing(
    database_url: str,
) -> None:
    first = schema.upgrade(database_url)
    assert first.is_current and first.revision == head()
    assert schema.upgrade(database_url) == first


def test_there_is_one_newest_revision() -> None:
    scripts = ScriptDirectory(str(schema.migrations_directory()))
    assert len(scripts.get_heads()) == 1


def test_migrations_and_entities_describe_the_same_tables(engine: Engine) -> None:
    assert schema.differences(engine) == []


def test_a_difference_would_be_seen(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE downloads RENAME COLUMN uri TO url"))
    assert any("uri" in difference for difference in schema.differences(engine))


def _vocabularies() -> dict[tuple[str, str], set[str]]:
    """Words of every column whose vocabulary is fixed, by table and name of its constraint."""
    return {
        (table.name, f"ck_{table.name}_{column.type.name}"): set(column.type.enums)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Enum)
    }


def test_every_fixed_vocabulary_is_held_by_the_database_word_for_word(engine: Engine) -> None:
    inspector = inspect(engine)
    held = {
        (table, str(check["name"])): set(re.findall(r"'([^']*)'", str(check["sqltext"])))
        for table in inspector.get_table_names()
        for check in inspector.get_check_constraints(table)
    }
    assert held == _vocabularies()


def test_no_word_of_a_vocabulary_is_too_long_for_its_column() -> None:
    columns = [column for table in Base.metadata.sorted_tables for column in table.columns]
    growing = [set(c.type.vocabulary) for c in columns if isinstance(c.type, Word)]
    assert growing
    words = [word for each in (*growing, *_vocabularies().values()) for word in each]
    assert [word for word in words if len(word) > 24] == []


def test_the_schema_can_be_taken_down_and_put_up_again(database_url: str) -> None:
    schema.upgrade(database_url)
    engine = open_engine(resolve_url(database_url))
    command.downgrade(config_of(engine), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert inspect(engine).get_view_names() == []
    assert not schema.current(engine).is_current
    # The empty table is all that is left, and tells nobody whose it was.
    with pytest.raises(UsageError, match="migrations of another program"):
        schema.upgrade(database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    schema.upgrade(database_url)
    assert schema.differences(engine) == []
    engine.dispose()


def test_a_database_without_a_schema_is_refused_with_the_cure(database_url: str) -> None:
    engine = open_engine(resolve_url(database_url), must_exist=False)
    with pytest.raises(SchemaError, match=r"no skydb schema\. Run `skydb init`") as caught:
        schema.require_current(engine)
    assert caught.value.exit_code == 3
    engine.dispose()


def _set_revision(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def test_a_schema_of_another_skydb_is_refused_with_the_cure(engine: Engine) -> None:
    _set_revision(engine, "future")
    with pytest.raises(SchemaError, match=r"at revision future.*skydb db upgrade") as caught:
        schema.require_current(engine)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("revision", ["0001", "0010"])
def test_a_ledger_of_skydb_0_1_is_recognised(
    ledger_url: str, engine: Engine, revision: str
) -> None:
    _set_revision(engine, revision)
    with pytest.raises(SchemaError, match=rf"skydb 0\.1 \(revision {revision}\)") as caught:
        schema.require_current(engine)
    assert caught.value.exit_code == 3
    with pytest.raises(SchemaError, match=r"made by skydb 0\.1"):
        schema.upgrade(ledger_url)
    assert schema.current(engine).revision == revision


def test_a_schema_from_the_future_is_not_upgraded_but_explained(
    ledger_url: str, engine: Engine
) -> None:
    _set_revision(engine, "future")
    with pytest.raises(SchemaError, match="future"):
        schema.upgrade(ledger_url)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    content = b"not a database, whatever its name" * 100
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"ledger\.sqlite is not an SQLite database"):
        schema.upgrade(f"sqlite:///{path}")
    with pytest.raises(UsageError, match=r"ledger\.sqlite is not an SQLite database"):
        open_engine(resolve_url(f"sqlite:///{path}"))
    assert path.read_bytes() == content


def test_a_server_that_is_not_there_is_a_failure_that_does_not_tell_the_password(
    tmp_path: Path,
) -> None:
    engine = open_engine(resolve_url(f"postgresql://me:secret@/db?host={tmp_path}"))
    with pytest.raises(StoreError, match="postgresql") as caught:
        schema.current(engine)
    assert "secret" not in str(caught.value)
    engine.dispose()


@pytest.mark.parametrize("view", sorted(PUBLIC_VIEWS))
def test_a_view_has_every_column_that_scripts_rely_on(engine: Engine, view: str) -> None:
    columns = {column["name"] for column in inspect(engine).get_columns(view)}
    assert set(PUBLIC_VIEWS[view].split()) <= columns


def test_views_are_the_same_on_both_databases(
    sqlite_ledger_url: str, postgres_ledger_url: str
) -> None:
    found = []
    for url in (sqlite_ledger_url, postgres_ledger_url):
        engine = open_engine(resolve_url(url))
        inspector = inspect(engine)
        views = sorted(inspector.get_view_names())
        found.append({v: [column["name"] for column in inspector.get_columns(v)] for v in views})
        engine.dispose()
    assert found[0] == found[1]
    assert set(PUBLIC_VIEWS) <= set(found[0])


@pytest.fixture
def more_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations that a test may add to."""
    directory = tmp_path / "migrations"
    shutil.copytree(schema.migrations_directory(), directory)
    monkeypatch.setattr(schema, "migrations_directory", lambda: directory)
    return directory / "versions"


def _families(store: Store) -> dict[str, int]:
    with store.reading() as session:
        tables = ("activities", "findings", "activity_generated", "alignment_solutions",
                  "chip_solutions")  # fmt: skip
        return {t: session.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables}


def _fill(store: Store) -> dict[str, int]:
    with store.writing() as session:
        activity = IngestActivity({}, STAMP)
        session.add(activity)
        activity.notice(FindingKind.CATALOG, "gaia", "fifty rows")
        version = version_of()
        session.add(version)
        AlignmentSolution.found(version, activity, wcs())
        session.commit()
    return _families(store)


def test_a_migration_that_copies_a_table_keeps_the_rows_that_hang_on_it(
    store: Store, ledger_url: str, more_migrations: Path
) -> None:
    filled = _fill(store)
    newest = BREAKS.format(head=head(), more="")
    (more_migrations / "9999_throwaway.py").write_text(newest)
    assert schema.upgrade(ledger_url).revision == "throwaway"
    assert _families(store) == filled
    assert filled["findings"] == filled["chip_solutions"] == 1
    with store.reading() as session:
        assert session.execute(text("SELECT colour FROM activities")).all() == [(None,)]


def test_a_migration_that_fails_leaves_everything_as_it_was(
    store: Store, ledger_url: str, more_migrations: Path
) -> None:
    filled, before = _fill(store), head()
    more = "op.execute('INSERT INTO no_such_table VALUES (1)')"
    newest = BREAKS.format(head=before, more=more)
    (more_migrations / "9999_throwaway.py").write_text(newest)
    with pytest.raises(StoreError, match="no_such_table"):
        schema.upgrade(ledger_url)
    assert _families(store) == filled
    with store.reading() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalar() == before
    columns = {column["name"] for column in inspect(store.engine).get_columns("activities")}
    assert "colour" not in columns


def test_a_migration_that_leaves_dangling_references_is_refused(
    sqlite_ledger_url: str, more_migrations: Path
) -> None:
    store = Store(open_engine(resolve_url(sqlite_ledger_url)))
    _fill(store)
    newest = BREAKS.format(head=head(), more="op.execute('DELETE FROM activities')")
    (more_migrations / "9999_throwaway.py").write_text(newest)
    with pytest.raises(StoreError, match="dangling references"):
        schema.upgrade(sqlite_ledger_url)
    assert _families(store)["activities"] == 1
    store.engine.dispose()


def test_a_server_that_cannot_be_reached_is_told_in_sentences() -> None:
    cause = Exception("connection is bad: no such file\n\tIs the server running on that socket?")
    with (
        pytest.raises(StoreError) as caught,
        schema._translated(create_engine("postgresql+psycopg://h/x")),
    ):
        raise OperationalError("SELECT 1", {}, cause)
    said = "failed: connection is bad: no such file; Is the server running on that socket?"
    assert str(caught.value).endswith(said)
