"""Schema of the database, which is made and changed by migrations only."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from skydb.errors import NotFoundError, SchemaError, SkydbError, StoreError, UsageError
from skydb.store.derived import make_derived_anew, missing_derived
from skydb.store.engine import as_reader, open_engine, resolve_url
from skydb.store.summaries import KEPT
from skydb.store.urls import redacted, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config

#: A table that every ledger has; the one of alembic exists in databases of many programs.
_OWN, _REVISIONS = "exposures", "alembic_version"
_FEW = 3
_CURRENT = text(f"SELECT version_num FROM {_REVISIONS}")

#: Revisions of skydb 0.1, whose tables no migration can convert.
_OF_BEFORE = frozenset(f"{number:04}" for number in range(1, 11))


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Revision of a database and what it needs.

    Parameters
    ----------
    revision : str or None
        Its revision; None when it has no schema.
    head : str
        The revision that this skydb wants.
    """

    revision: str | None
    head: str

    @property
    def is_current(self) -> bool:
        """Whether this skydb can work with it."""
        return self.revision == self.head

    @property
    def is_of_before(self) -> bool:
        """Whether skydb 0.1 made it, so that no migration leads to this skydb."""
        return self.revision in _OF_BEFORE


def migrations_directory() -> Path:
    """Find the migrations, inside an installed skydb or beside a checkout."""
    shipped = Path(str(files("skydb"))) / "_migrations"
    return shipped if shipped.is_dir() else Path(str(files("skydb"))).parent / "migrations"


def upgrade(
    url: str | None = None, revision: str = "head", *, into_foreign: bool = False
) -> SchemaState:
    """Create the schema or bring it up to date.

    Of a current one, views and kept counts that are missing are made anew.

    Parameters
    ----------
    url : str, optional
        As for :func:`.resolve_url`.
    revision : str
        Where to.
    into_foreign : bool
        Whether tables may be added to a database that has tables of another program.

    Raises
    ------
    UsageError
        When the database has tables of another program, and nothing says that it may.
    SchemaError
        When the database is of a revision that this skydb does not know, or of skydb 0.1.
    StoreError
        When the database cannot be reached or refuses a migration.
    """
    from alembic import command
    from alembic.util import CommandError

    engine = open_engine(resolve_url(url), must_exist=False, may_be_foreign=True)
    with _disposed(engine), _translated(engine):
        _refuse_foreign(engine, into_foreign=into_foreign)
        state = _state(engine)
        _refuse_before(state)
        if state.is_current and revision == "head":
            _complete(engine)
            return state
        try:
            command.upgrade(_config(engine), revision)
        except CommandError as error:
            advice = "Install the skydb that made the database."
            raise SchemaError(f"The schema cannot be upgraded: {error}.", advice=advice) from error
        return _state(engine)


def _complete(engine: Engine) -> None:
    with as_reader(engine).connect() as connection:
        missing = missing_derived(connection)
    if missing:
        make_derived_anew(engine)


def current(engine: Engine) -> SchemaState:
    """Read the revision of the database.

    Raises
    ------
    StoreError
        When it cannot be reached.
    """
    with _translated(engine):
        return _state(engine)


def require_current(engine: Engine) -> None:
    """Refuse to work with a schema that is not this skydb's.

    Raises
    ------
    SchemaError
        When the database has no schema, an older or a newer one.
    """
    state = current(engine)
    if state.is_current:
        return
    _refuse_before(state)
    if state.revision is None:
        raise SchemaError("The database has no skydb schema.", advice="Run `skydb init`.")
    with _translated(engine), as_reader(engine).connect() as connection:
        if not inspect(connection).has_table(_OWN):
            raise SchemaError(
                f"The database {shown(engine.url)} is of another program.",
                advice="Name another database.",
            )
    raise SchemaError(
        f"The database is at revision {state.revision}; this skydb needs {state.head}.",
        advice="Run `skydb db upgrade`, or install the skydb that made it.",
    )


def differences(engine: Engine) -> list[str]:
    """List differences of the tables in the database from the entities."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from skydb.domain.entities import Base

    with as_reader(engine).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": _is_of_entities}
        )
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def _is_of_entities(name: str | None, kind: str, _: object) -> bool:
    """Whether a table is one of an entity; what follows from these is made with the views."""
    return kind != "table" or name not in KEPT


def _refuse_foreign(engine: Engine, *, into_foreign: bool) -> None:
    """Refuse to make a ledger among the tables of another program, unless requested."""
    with as_reader(engine).connect() as connection:
        names = set(inspect(connection).get_table_names())
        if _OWN in names:
            return
        if _REVISIONS in names:
            raise UsageError(
                f"The database has the migrations of another program, in {_REVISIONS}.",
                advice="Name another database, or a schema of its own.",
            )
        others = sorted(names - _extension_tables(connection))
    if others and not into_foreign:
        raise UsageError(
            f"The database has tables of another program: {_named(others)}.",
            advice="Name another database, or use --into-foreign.",
        )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"{', '.join(names[:_FEW])}{more}"


def _extension_tables(connection: Connection) -> set[str]:
    """Tables of extensions of PostgreSQL, which belong to no program."""
    if connection.dialect.name != "postgresql":
        return set()
    found = text(
        "SELECT c.relname FROM pg_class c JOIN pg_depend d ON d.objid = c.oid "
        "AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'"
    )
    return set(connection.scalars(found))


def _refuse_before(state: SchemaState) -> None:
    if state.is_of_before:
        raise SchemaError(
            f"The ledger was made by skydb 0.1 (revision {state.revision}).",
            advice="Use it with that skydb, whose `skydb db copy` copies it; `skydb init` makes a "
            "new one.",
        )


def _state(engine: Engine) -> SchemaState:
    with as_reader(engine).connect() as connection:
        has_any = inspect(connection).has_table(_REVISIONS)
        revision = connection.scalar(_CURRENT) if has_any else None
    return SchemaState(revision, _head(migrations_directory()))


@cache
def _head(migrations: Path) -> str:
    """The latest revision.

    Read from the texts of the migrations: alembic imports them all, and itself takes longer
    to import than most commands take.
    """
    known = [_names_in(path) for path in (migrations / "versions").glob("*.py")]
    earlier = {names.get("down_revision") for names in known}
    (head,) = {names["revision"] for names in known if "revision" in names} - earlier
    return str(head)


def _names_in(path: Path) -> dict[str, object]:
    """Read the constants at the top of a migration."""
    found: dict[str, object] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            (target,) = node.targets if isinstance(node, ast.Assign) else (node.target,)
            pairs = (
                zip(target.elts, node.value.elts, strict=True)
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                else [(target, node.value)]
            )
            found |= {
                name.id: value.value
                for name, value in pairs
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant)
            }
    return found


def _config(engine: Engine) -> Config:
    config = _located(migrations_directory())
    config.attributes["engine"] = engine
    return config


def _located(migrations: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config


@contextmanager
def _disposed(engine: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise _as_own(engine, error) from error


def _as_own(engine: Engine, error: SQLAlchemyError) -> SkydbError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = (" ".join(line.split()).removesuffix(".") for line in str(cause).splitlines())
    said = redacted("; ".join(line for line in lines if line))
    where = shown(engine.url)
    if 'database "' in said and said.endswith("does not exist"):
        advice = "Its server can make it: createdb NAME. Then run `skydb init`."
        return NotFoundError(f"There is no database {where}.", advice=advice)
    return StoreError(f"The database {where} failed: {said}{'' if said.endswith('?') else '.'}")
