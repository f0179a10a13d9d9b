"""``skydb sky audit`` as a script meets it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import SkyMethod
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.commands import LedgerDirectory
from tests.services.recorded import ingest_field, record_run, skies_of

KEYS = {"exposure_a", "exposure_b", "area_arcsec2", "before", "after", "unit", "island"}


def _audited(
    home: Path, sqlite_template: Path, *, islands: int = 1, effective: SkyMethod | None = None
) -> LedgerDirectory:
    """A ledger with the sky run 'match' of a small field."""
    shutil.copyfile(sqlite_template, home / "skydb.sqlite")
    ledger = LedgerDirectory(home)
    plan = FieldPlan(SimDetector.IR, (1, 1), size=64, seed=2, islands=islands, products=False)
    services = Services.open(ledger.url)
    ingest_field(services, home / "field", plan)
    skies = skies_of(services, SkyMethod.MATCH)
    record_run(services, SkyMethod.MATCH, skies)
    if effective:
        record_run(services, SkyMethod.MATCH, skies, effective=effective)
    services.close()
    return ledger


def _newest(ledger: LedgerDirectory) -> int:
    return ledger.json("sql", "SELECT MAX(id) AS run FROM sky_runs")[0]["run"]


@pytest.fixture(scope="module")
def matched(tmp_path_factory, sqlite_template) -> LedgerDirectory:
    return _audited(tmp_path_factory.mktemp("audit"), sqlite_template)


@pytest.fixture
def run(matched) -> int:
    return _newest(matched)


def test_the_answer_is_a_list_of_pairs(matched, run) -> None:
    (pair,) = matched.json("sky", "audit", run)
    assert pair.keys() >= KEYS
    assert pair["exposure_a"] < pair["exposure_b"]
    assert abs(pair["after"]) < abs(pair["before"])


def test_people_see_the_ranking_and_the_worst(matched, run) -> None:
    spoken = matched("sky", "audit", run)
    assert spoken.code == 0
    assert "Runs, the best first" in spoken.out
    assert "worst pair" in spoken.err and "worst exposure" in spoken.err


def test_a_picture_is_written_where_it_was_asked_for(matched, run) -> None:
    out = matched.path / "figures"
    matched.json("sky", "audit", run, "--out", out)
    (picture,) = out.iterdir()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_islands_end_with_5_and_are_listed(tmp_path, sqlite_template) -> None:
    ledger = _audited(tmp_path, sqlite_template, islands=2)
    run = _newest(ledger)
    rows = ledger.json("sky", "audit", run, code=5)
    assert {row["island"] for row in rows} == {1, 2}
    assert "island 2" in ledger("sky", "audit", run).err


def test_a_downgraded_run_ends_with_5(tmp_path, sqlite_template) -> None:
    ledger = _audited(tmp_path, sqlite_template, effective=SkyMethod.LOCALMIN)
    assert len(ledger.json("sky", "audit", _newest(ledger), code=5)) == 1


def test_a_run_that_is_not_there_ends_with_4(ledger) -> None:
    assert ledger("sky", "audit", 99).code == 4


def test_what_is_no_run_ends_with_2(ledger) -> None:
    assert ledger("sky", "audit", "match").code == 2
