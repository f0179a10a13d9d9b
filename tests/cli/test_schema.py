import sqlite3
from contextlib import closing

import pytest

from tests.commands import LedgerDirectory, skydb


def _set_revision(ledger, revision):
    with closing(sqlite3.connect(ledger.path / "skydb.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


@pytest.mark.parametrize("command", [("init",), ("db", "upgrade")])
def test_a_new_database_is_current(tmp_path, command):
    ledger = LedgerDirectory(tmp_path)
    answer = ledger.json(*command)
    assert answer["is_current"] is True
    assert answer["revision"] == answer["head"]
    assert ledger.json("db", "current") == answer
    checked = {"revision": answer["revision"], "is_current": True, "differences": []}
    assert ledger.json("db", "check") == checked


def test_init_of_an_existing_ledger_keeps_what_is_in_it(ingested):
    before = ingested.json("inspect", "headers")
    ingested.json("init")
    assert ingested.json("inspect", "headers") == before


def test_a_postgresql_database_can_be_made_and_checked(postgres_url):
    assert skydb("--db", postgres_url, "init").code == 0
    head = skydb("--db", postgres_url, "db", "current", "--json").document["head"]
    answer = skydb("--db", postgres_url, "db", "check", "--json")
    assert answer.document == {"revision": head, "is_current": True, "differences": []}


def test_people_are_told_in_words(ledger):
    assert "current" in ledger("db", "current").out
    assert "as they should be" in ledger("db", "check").out


@pytest.mark.parametrize(
    "command", [("inspect", "headers"), ("sky", "compare"), ("sql", "SELECT 1"), ("db", "check")]
)
def test_an_outdated_schema_is_refused_with_what_to_do(ledger, command):
    _set_revision(ledger, "other")
    refused = ledger(*command)
    assert refused.code == 3
    assert refused.out == ""
    assert "skydb db upgrade" in refused.err


def test_current_of_an_outdated_schema_shows_it_and_ends_with_3(ledger):
    head = ledger.json("db", "current")["head"]
    _set_revision(ledger, "other")
    answer = ledger("db", "current", "--json")
    assert answer.code == 3
    assert answer.document == {"revision": "other", "is_current": False, "head": head}


def test_an_empty_file_has_no_schema(tmp_path):
    (tmp_path / "skydb.sqlite").touch()
    refused = LedgerDirectory(tmp_path)("inspect", "headers")
    assert refused.code == 3
    assert "skydb init" in refused.err


def test_a_missing_column_is_a_difference(ledger):
    with closing(sqlite3.connect(ledger.path / "skydb.sqlite")) as connection, connection:
        connection.execute("DROP TABLE sky_values")
    answer = ledger("db", "check", "--json")
    assert answer.code == 5
    assert answer.document["is_current"] is False
    assert any("sky_values" in difference for difference in answer.document["differences"])
