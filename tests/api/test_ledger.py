from __future__ import annotations

import gc
from pathlib import Path

import astropy.units as u
import pytest
from sqlalchemy import text

import skydb
from skydb.api.ledger import Ledger
from skydb.errors import NotFoundError, SchemaError, UsageError
from skydb.services.core.connection import data_root
from skydb.store.engine import open_engine, resolve_url
from tests.services.tools import MEMBERS, PRODUCT


def test_a_ledger_is_used_without_a_session(
    ledger_url: str, tmp_path: Path, visit: list[Path], catalog_file: Path
) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        ingested = ledger.ingest(visit[0].parent)
        assert list(ingested["status"]) == ["new"] * 3
        assert list(ledger.inspect_headers()["rootname"]) == list(MEMBERS)
        assert ledger.inspect_headers()["exptime_s"].unit == u.s
        wcs = ledger.inspect_wcs()
        assert list(wcs["filename"]) == [path.name for path in [visit[2], *visit[:2]]]
        assert wcs["rms_ra_mas"].unit == u.mas
        assert wcs["rms_ra_mas"].mask.all()
        assert len(ledger.align_history(MEMBERS[0])) == 1
        imported = ledger.refcat_import(catalog_file, 2016.0, "gaia")
        assert imported["sources"][0] == ledger.refcat_list()["sources"][0] == 30
        assert len(ledger.findings()) == 0


def test_a_question_in_sql_keeps_its_columns_even_without_rows(
    ledger_url: str, tmp_path: Path, visit: list[Path]
) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        empty = ledger.sql("SELECT rootname, mdrizsky FROM v_sky_values")
        assert (len(empty), empty.colnames) == (0, ["rootname", "mdrizsky"])
        ledger.ingest(visit[2])
        answer = ledger.sql("SELECT filename, visit_id AS a, visit_id + 1 AS a FROM products")
        assert list(answer["filename"]) == [PRODUCT]
        assert len(answer.colnames) == 3
        with pytest.raises(UsageError):
            ledger.sql("DELETE FROM products")


def test_errors_of_services_come_through(ledger_url: str, tmp_path: Path) -> None:
    with skydb.open(ledger_url, data=tmp_path / "data") as ledger:
        for ask in (
            lambda: ledger.align_show(7),
            lambda: ledger.align_reject(7, "why"),
            lambda: ledger.align_history("ibxl99zzq"),
            lambda: ledger.sky_compare(7),
            lambda: ledger.sky_run(["match"]),
        ):
            with pytest.raises(NotFoundError):
                ask()
        with pytest.raises(ValueError, match="nonsense"):
            ledger.sky_run(["nonsense"])


def test_a_ledger_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="skydb init"):
        skydb.open(f"sqlite:///{tmp_path / 'nowhere.sqlite'}")


def test_a_ledger_of_another_schema_is_refused_and_left_alone(ledger_url: str) -> None:
    engine = open_engine(resolve_url(ledger_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    engine.dispose()
    with pytest.raises(SchemaError, match="at revision other"):
        skydb.open(ledger_url)
    # A connection that was left open would say so when it is collected.
    gc.collect()


def test_the_data_root_is_the_one_given_or_that_of_the_environment_or_beside_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'ledger.sqlite'}"
    assert data_root(url) == tmp_path / "deep" / "skydb-data"
    monkeypatch.setenv("SKYDB_DATA", str(tmp_path / "other"))
    assert data_root(url) == tmp_path / "other"
    assert data_root(url, tmp_path / "given") == tmp_path / "given"
    monkeypatch.delenv("SKYDB_DATA")
    monkeypatch.chdir(tmp_path)
    assert data_root("postgresql://me@host/db") == tmp_path / "skydb-data"


def test_the_facade_has_a_method_for_every_reading_and_running_command() -> None:
    commands = (
        "ingest inspect_headers inspect_wcs refcat_import refcat_list align_run align_show"
        " align_accept align_reject align_history sky_run sky_compare sql findings"
    )
    assert all(callable(getattr(Ledger, name)) for name in commands.split())
