"""``skydb fsck``: silent when all is well, and exit codes that a script can rely on."""

from __future__ import annotations

import pytest

import skydb
from tests.commands import LedgerDirectory
from tests.services.fsck.killed import ingest, killed
from tests.services.tools import write_exposure


@pytest.fixture
def crashed(ledger: LedgerDirectory) -> LedgerDirectory:
    """A ledger in which a process was killed."""
    with skydb.open(ledger.url) as opened:
        killed(opened.services, ingest)
    return ledger


def test_of_a_ledger_in_order_nothing_is_said(ledger: LedgerDirectory) -> None:
    ledger("ingest", write_exposure(ledger.path, "ibxl50iaq"))
    spoken = ledger("fsck", "--deep")
    assert (spoken.code, spoken.out, spoken.err) == (0, "", "")
    assert ledger.json("fsck") == ledger.json("fsck", "--repair") == []
    assert ledger("status").err == ""


def test_looking_changes_nothing_and_ends_with_five(crashed: LedgerDirectory) -> None:
    (row,) = crashed.json("fsck", code=5)
    assert list(row) == ["problem", "subject", "known", "repair", "repaired"]
    assert (row["problem"], row["repaired"]) == ("dead-run", None)
    spoken = crashed("fsck")
    assert "`skydb fsck --repair` puts 1 right" in spoken.err
    assert crashed.json("fsck", code=5) == [row]


def test_a_repair_ends_well_and_the_next_has_nothing_to_do(crashed: LedgerDirectory) -> None:
    (row,) = crashed.json("fsck", "--repair")
    assert row["repaired"] is True
    assert crashed.json("fsck", "--repair") == []
    (finding,) = crashed.json("findings")
    assert finding["kind"] == "repaired"


def test_what_only_the_user_can_put_right_is_said_after_a_repair(ledger: LedgerDirectory) -> None:
    path = write_exposure(ledger.path, "ibxl50iaq")
    ledger("ingest", path)
    path.unlink()
    (row,) = ledger.json("fsck", "--repair", code=5)
    assert (row["problem"], row["repaired"]) == ("missing-file", None)


def test_a_repair_that_fails_ends_with_one(
    crashed: LedgerDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr("skydb.services.fsck.runs.DeadRuns._end", failing)
    (row,) = crashed.json("fsck", "--repair", code=1)
    assert (row["repaired"], row["repair"]) == (False, "failed: not allowed")
    (finding,) = crashed.json("findings")
    assert finding["kind"] == "not-repaired"


def test_status_tells_of_dead_runs_beside_its_rows(crashed: LedgerDirectory) -> None:
    spoken = crashed("status", "--json")
    assert (spoken.code, spoken.document) == (0, [])
    assert spoken.err == "Left running by processes that are gone: ingest 1 (skydb fsck).\n"


def test_a_ledger_in_python_gives_the_same_rows(crashed: LedgerDirectory) -> None:
    with skydb.open(crashed.url) as opened:
        assert [one.problem for one in opened.fsck()] == ["dead-run"]
        assert [one.repaired for one in opened.fsck(repair=True)] == [True]
        clean = opened.fsck(deep=True)
    assert len(clean) == 0
    assert clean.table.colnames == ["problem", "subject", "known", "repair", "repaired"]
