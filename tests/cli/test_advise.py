"""``skydb sky advise`` as a script meets it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.simulate.plan import FieldKind, FieldPlan, SimDetector
from tests.commands import LedgerDirectory
from tests.services.recorded import ingest_field

KEYS = {"method", "residual_rms", "expected_rms", "chosen", "reason"}
METHODS = ["localmin", "match", "globalmin+match", "globalmin"]


def _ledger(home: Path, template: Path, *, islands: int) -> LedgerDirectory:
    shutil.copyfile(template, home / "skydb.sqlite")
    ledger = LedgerDirectory(home)
    plan = FieldPlan(
        SimDetector.IR, (2, 1), size=96, seed=5, islands=islands, products=False,
        one_frame=True, kind=FieldKind.NEBULA, pointing_error_arcsec=(0.0, 0.0),
    )  # fmt: skip
    services = Services.open(ledger.url)
    ingest_field(services, home / "field", plan)
    services.close()
    return ledger


@pytest.fixture(scope="module")
def nebula(tmp_path_factory, sqlite_template) -> LedgerDirectory:
    return _ledger(tmp_path_factory.mktemp("nebula"), sqlite_template, islands=1)


def test_the_answer_is_a_row_for_each_method_with_its_reason(nebula: LedgerDirectory) -> None:
    rows = nebula.json("sky", "advise")
    assert [row["method"] for row in rows] == METHODS
    assert all(row.keys() >= KEYS and row["reason"] for row in rows)
    assert [row["chosen"] for row in rows] == [False, True, False, False]


def test_people_are_told_in_one_sentence_what_to_use(nebula: LedgerDirectory) -> None:
    spoken = nebula("sky", "advise", "--filter", "f160w")
    assert spoken.code == 0
    assert "will do" in spoken.out
    assert "use match: observed differences in overlaps" in spoken.err


def test_islands_before_a_nebula_end_with_a_flag_and_no_method(tmp_path, sqlite_template) -> None:
    spoken = _ledger(tmp_path, sqlite_template, islands=2)("sky", "advise", "--json")
    assert spoken.code == 5
    assert not any(row["chosen"] for row in spoken.document)
    assert "2 islands share no sky" in spoken.document[1]["reason"]
    assert "no method will do" in spoken.err
    # Two visits in each, of one target.
    assert "--visit bxl50 --visit bxl51; --visit bxl52 --visit bxl53." in spoken.err
    assert "--each" not in spoken.err


def test_a_selection_of_nothing_is_not_found(nebula: LedgerDirectory) -> None:
    assert nebula("sky", "advise", "--visit", "77").code == 4
