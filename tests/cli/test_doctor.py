"""``skydb doctor`` and what it has to do with ``skydb sky run``."""

from __future__ import annotations

import pytest

from skydb.domain import CheckResult
from skydb.domain.vocabulary import Verdict
from skydb.services.selftest import doctor
from tests.commands import skydb

BAD = [
    CheckResult("sky methods IR", Verdict.PASSED, "all ran as asked for."),
    CheckResult("footprints UVIS", Verdict.FAILED, "x and y are swapped; pin it."),
]


@pytest.fixture
def condemned(monkeypatch):
    """An environment that fails its self-test."""
    monkeypatch.setattr(doctor, "Suite", lambda *_: doctor_of(BAD))


def doctor_of(results):
    class Answers:
        def run(self, *_):
            return results

    return Answers()


@pytest.mark.slow
def test_this_environment_passes_every_check(ledger, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    answers = ledger.json("doctor")
    assert {answer["verdict"] for answer in answers} == {"passed"}, answers
    assert [answer["check"] for answer in answers] == [
        *("sky methods IR", "sky values IR", "sky methods UVIS", "sky values UVIS"),
        *("footprints IR", "footprints UVIS", "source extraction"),
        *("fit IR", "fit UVIS", "tweakback IR", "tweakback UVIS"),
    ]
    (row,) = ledger.json("sql", "SELECT verdict, checked_at FROM environments")
    assert row["verdict"] == "passed"
    assert row["checked_at"]


def test_a_failure_ends_with_exit_code_1_and_is_kept(ledger, condemned):
    assert ledger.json("doctor", code=1) == [
        {"check": one.check, "verdict": one.verdict.value, "detail": one.detail} for one in BAD
    ]
    (row,) = ledger.json("sql", "SELECT verdict FROM environments")
    assert row["verdict"] == "failed"
    assert "x and y are swapped" in ledger("doctor").out


def test_without_a_ledger_the_verdict_is_printed_and_no_database_is_made(
    condemned, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    spoken = skydb("doctor", "--json")
    assert spoken.code == 1
    assert [one["verdict"] for one in spoken.document] == ["passed", "failed"]
    assert "not recorded" in spoken.err
    assert list(tmp_path.iterdir()) == []


def test_an_outdated_ledger_is_not_passed_over(tmp_path, condemned):
    (tmp_path / "empty.sqlite").touch()
    assert skydb("--db", f"sqlite:///{tmp_path / 'empty.sqlite'}", "doctor").code == 3
