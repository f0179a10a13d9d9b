"""One run that two files have, recorded once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Activity, Finding
from skydb.domain.vocabulary import ActivityKind, FindingKind, SolutionStatus
from skydb.services.history.outcome import HistoryStatus
from skydb.services.history.twins import Likeness, Result, Results
from tests.files.loglines import DrizzleLog, fitted, tweakreg_log, write_log

ONE, TWO = "ibxl50030_drz.fits", "ibxl51030_drz.fits"
Change = Callable[[str], str]
SPELLINGS: dict[str, Change] = {
    "without levels": lambda line: line.removeprefix("[INFO    ] "),
    "with times": lambda line: f"2019-04-30 14:15:02,730 - drizzlepac.util - INFO - {line[11:]}",
    "without blanks at the end": str.rstrip,
}


def fit(status: SolutionStatus, dx: float | None = -0.2993, matches: int | None = 14) -> Result:
    return status, {"nmatches": matches, "dx_pix": dx, "dy_pix": -0.3612}


def aligned(*products: str, names: tuple[str, ...] = (ONE, TWO), **facts: object) -> Results:
    result = fit(**{"status": SolutionStatus.APPLIED, **facts})  # type: ignore[arg-type]
    found = {(product, 0): result for product in products}
    return Results(frozenset(names), (), False, found, 5)


@pytest.mark.parametrize(
    ("other", "likeness"),
    [
        (aligned(ONE, TWO), Likeness.SAME),
        (aligned(ONE), Likeness.SAME),
        (aligned(names=()), Likeness.SAME),
        (aligned(ONE, dx=-0.29934), Likeness.SAME),
        (aligned(ONE, status=SolutionStatus.RECORDED), Likeness.SAME),
        (aligned(ONE, dx=4.2), Likeness.CONTRADICTION),
        (aligned(ONE, matches=15), Likeness.CONTRADICTION),
        (aligned(ONE, status=SolutionStatus.PROPOSED), Likeness.CONTRADICTION),
        (aligned(ONE, status=SolutionStatus.FAILED), Likeness.CONTRADICTION),
        (aligned(names=("ibxl58030_drz.fits",)), Likeness.OTHER),
    ],
)
def test_runs_of_one_moment_are_one_when_their_results_agree(other, likeness):
    run = aligned(ONE, TWO)
    assert run.likeness(other) is likeness
    assert other.likeness(run) is likeness
    assert run.weight >= other.weight


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_run_in_two_spellings_is_recorded_once(services: Services, tmp_path: Path, spelling):
    fits = tweakreg_log(fitted(ONE), fitted(TWO, dx="4.2000"), products=[ONE, TWO])
    lines = [*fits, *DrizzleLog().lines()]
    write_log(tmp_path / "old" / "a.log", lines)
    other = [SPELLINGS[spelling](line) for line in lines if line[11:].strip()]
    write_log(tmp_path / "old" / "notebook" / "b.txt", other)
    outcomes = services.history.import_dirs([tmp_path / "old"])
    assert [one.status for one in outcomes] == [HistoryStatus.NEW, HistoryStatus.KNOWN] * 2
    assert [one.run for one in outcomes[::2]] == [one.run for one in outcomes[1::2]]
    again = services.history.import_dirs([tmp_path / "old"])
    assert {one.status for one in again} == {HistoryStatus.KNOWN}
    assert [one.run for one in again] == [one.run for one in outcomes]


def test_the_file_that_has_more_of_a_run_is_kept(services: Services, tmp_path: Path):
    lines = tweakreg_log(fitted(ONE), fitted(TWO, dx="4.2000"), products=[ONE, TWO])
    console = [line[11:] for line in lines if "\t" not in line and "WCS" not in line]
    write_log(tmp_path / "a.txt", console)
    write_log(tmp_path / "b.log", lines)
    first, second = services.history.import_dirs([tmp_path])
    with services.context.store.reading() as session:
        kind = Activity.kind == ActivityKind.ALIGNMENT
        kept = session.scalars(select(Activity.id).where(kind, Activity.deleted_at.is_(None)))
        assert list(kept) == [second.run]
    assert first.run != second.run
    statuses = {str(row["status"]) for row in services.solutions.fits(second.run or 0)}
    assert statuses == {"applied", "recorded"}


def test_contradictory_results_of_one_moment_are_kept_and_found(services: Services, tmp_path: Path):
    for name, dx in (("a.log", "4.2000"), ("b.log", "5.2000")):
        write_log(tmp_path / name, tweakreg_log(fitted(ONE, dx=dx), products=[ONE]))
    outcomes = services.history.import_dirs([tmp_path])
    assert [one.status for one in outcomes] == [HistoryStatus.NEW] * 2
    with services.context.store.reading() as session:
        contradictions = select(Finding.message).where(Finding.kind == FindingKind.CONTRADICTION)
        (said,) = session.scalars(contradictions)
    assert said == f"began at the moment of run {outcomes[0].run}; the results of the two differ."


def test_a_run_that_ends_before_it_began_is_found(services: Services, tmp_path: Path):
    lines = DrizzleLog().lines()
    early = [line.replace("processing at 14:15", "processing at 13:15") for line in lines]
    write_log(tmp_path / "a.log", early)
    (outcome,) = services.history.import_dirs([tmp_path])
    assert "is before its beginning" in outcome.findings[0]
    rows = services.plain.sql("SELECT finished_at FROM v_activities WHERE kind = 'sky-run'").rows
    assert [tuple(row) for row in rows] == [(None,)]
