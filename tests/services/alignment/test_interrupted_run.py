"""Fits are recorded while TweakReg goes on, and stand when the run is interrupted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentRun
from skydb.domain.trust import TRUST_FLOOR, FitCheck
from skydb.domain.vocabulary import ActivityStatus, SolutionStatus, TrustComponent
from skydb.drizzle.tasks.jobs import DONE, STARTED
from skydb.errors import Interrupted, StateError, ToolCrashedError, ToolError
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.screening import FittedFile, TrustChecks
from skydb.sky.fit_trust import Sighting
from tests.services.tools import Toolbox, write_exposure, write_product

VISITS = ("50", "51", "52", "53")
PRODUCTS = [f"ibxl{visit}010_drz.fits" for visit in VISITS]
#: So few matches that another geometry is fitted.
FEW, FAILS = PRODUCTS[1], PRODUCTS[2]


class Slow(Toolbox):
    """Marks its jobs as the task does, and says after each which product it was."""

    def __init__(self, *, is_marking: bool = True) -> None:
        super().__init__(unfitted={FAILS})
        self._is_marking = is_marking

    def after(self, product: str) -> None:
        """Do nothing, unless a test has more to do."""

    def _tweakreg(self, job: Mapping[str, Any], directory: Path) -> None:
        (name,) = job["inputs"]
        if self._is_marking:
            (directory / STARTED).touch()
        self.matches = 8 if name == FEW else 30
        super()._tweakreg(job, directory)
        if self._is_marking:
            (directory / DONE).touch()
            self.after(name)


class Patient(Slow):
    """Goes on when the ledger has so many fits, and then ends in some way."""

    def __init__(self, services: Services, fits: int, end: BaseException | None = None) -> None:
        super().__init__()
        self._services, self._fits, self._end = services, fits, end
        self.seen: list[list[str]] = []

    def after(self, product: str) -> None:
        if product != PRODUCTS[self._fits - 1] or self.seen:
            return
        until = time.monotonic() + 600.0
        while len(found := self._recorded_now()) < self._expected:
            assert time.monotonic() < until, "no fit was recorded"
            time.sleep(0.01)
        self.seen.append(found)
        if self._end is not None:
            raise self._end

    @property
    def _expected(self) -> int:
        """One fit waits for its other geometry."""
        return len([name for name in PRODUCTS[: self._fits] if name != FEW])

    def _recorded_now(self) -> list[str]:
        run = newest_run(self._services)
        return [row["product"] for row in self._services.solutions.fits(run)]


def newest_run(services: Services) -> int:
    with services.context.store.reading() as session:
        ids = session.scalars(select(AlignmentRun.id).order_by(AlignmentRun.id))
        return list(ids)[-1]


def run_of(services: Services, run: int) -> AlignmentRun:
    with services.context.store.reading() as session:
        return session.get_one(AlignmentRun, run)


@pytest.fixture
def field(services: Services, tmp_path: Path, catalog_file: Path) -> list[Path]:
    """Four products of one place in the ledger, and their catalogue."""
    files = []
    for visit in VISITS:
        members = tuple(f"ibxl{visit}i{which}q" for which in "ab")
        files += [write_exposure(tmp_path / "visits", member) for member in members]
        files.append(write_product(tmp_path / "visits", f"ibxl{visit}010_drz.fits", members))
    services.ingest.ingest(files)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    return files


def told(services: Services, run: int) -> dict[str, Any]:
    """All that a run says, without the numbers of its rows."""
    rows = services.solutions.fits(run)
    with services.context.store.reading() as session:
        fits = session.get_one(AlignmentRun, run).solutions
        reasons = {
            fit.product.filename: [
                (one.component, one.score, one.reason) for one in fit.trust_reasons
            ]
            for fit in fits
        }
        chips = {fit.product.filename: [one.geometry for one in fit.chips] for fit in fits}
    parameters = run_of(services, run).parameters
    findings = sorted((one["kind"], one["message"]) for one in services.plain.findings(run))
    home = services.context.workspace.root / "alignments" / str(run)
    kept = {str(path.relative_to(home)) for path in home.rglob("*") if path.suffix != ".log"}
    numbers = ("run", "solution")
    return {
        "rows": [{k: v for k, v in row.items() if k not in numbers} for row in rows],
        "rest": (reasons, chips, parameters, findings, kept),
    }


def test_a_run_that_records_fit_by_fit_says_what_one_says_that_records_all_at_the_end(
    services: Services, field: list[Path]
) -> None:
    at_the_end = AlignService(services.context, Slow(is_marking=False)).run("gaia")
    tool = Patient(services, fits=4)
    one_by_one = AlignService(services.context, tool).run("gaia")

    assert tool.seen == [[PRODUCTS[0], *PRODUCTS[2:]]]
    assert told(services, one_by_one) == told(services, at_the_end)
    assert [row["product"] for row in told(services, one_by_one)["rows"]] == PRODUCTS
    assert run_of(services, one_by_one).status is ActivityStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("end", "error", "status"),
    [
        (Interrupted("SIGINT"), Interrupted, ActivityStatus.INTERRUPTED),
        (ToolCrashedError("TweakReg", "was killed"), ToolCrashedError, ActivityStatus.FAILED),
    ],
)
def test_the_fits_that_are_done_when_a_run_ends_early_stand(
    services: Services, field: list[Path], end: BaseException, error: type, status: ActivityStatus
) -> None:
    tool = Patient(services, fits=1, end=end)
    with pytest.raises(error):
        AlignService(services.context, tool).run("gaia")

    run = newest_run(services)
    assert run_of(services, run).status is status
    (row,) = services.solutions.fits(run)
    assert (row["product"], row["status"]) == (PRODUCTS[0], "proposed")
    assert row["trust"] is not None
    accept = type(services.accept)(services.context, Toolbox())
    assert {one.status for one in accept.accept(run, force_why="seen")} == {SolutionStatus.APPLIED}
    again = AlignService(services.context, Slow()).run("gaia")
    assert len(services.solutions.fits(again)) == len(PRODUCTS)


def test_the_fits_of_a_run_that_goes_on_are_not_reviewed_yet(
    services: Services, field: list[Path]
) -> None:
    class Impatient(Patient):
        def after(self, product: str) -> None:
            super().after(product)
            with pytest.raises(StateError, match="is running"):
                services.accept.accept(newest_run(services), force_why="now")

    run = AlignService(services.context, Impatient(services, fits=1)).run("gaia")
    assert run_of(services, run).status is ActivityStatus.SUCCEEDED


def test_a_fit_of_a_file_that_changes_meanwhile_is_not_recorded(
    services: Services, field: list[Path]
) -> None:
    class Vandal(Patient):
        def _tweakreg(self, job: Mapping[str, Any], directory: Path) -> None:
            next(path for path in field if path.name == PRODUCTS[0]).write_bytes(b"ruined")
            super()._tweakreg(job, directory)

        @property
        def _expected(self) -> int:
            return super()._expected - 1

    with pytest.raises(ToolError, match="input changed"):
        AlignService(services.context, Vandal(services, fits=4)).run("gaia")
    rows = services.solutions.fits(newest_run(services))
    assert PRODUCTS[0] not in [row["product"] for row in rows]
    assert len(rows) > 0


def seen(key: int, off_pix: float) -> FittedFile:
    """A fit whose sources, but for noise, are those of all, moved by some pixels."""
    stars = np.random.default_rng(5).uniform(-40.0, 40.0, (40, 2))
    noise = np.random.default_rng(key).normal(0.0, 0.004, stars.shape)
    radec = np.array((150.0, 2.0)) + (stars + noise + (0.13 * off_pix, 0.0)) / 3600.0

    class Seen(FittedFile):
        sighting = Sighting(radec, 6400.0, 0.13)
        cross_match = FitCheck(TrustComponent.CROSS_MATCH, 0.8, "seen")
        own_checks = ([cross_match], [])

    return Seen(fit=None, original=Path(f"{key}.fits"), archive=None)  # type: ignore[arg-type]


@settings(max_examples=20)
@given(st.permutations(range(4)), st.integers(0, 3))
def test_what_witnesses_say_in_the_end_does_not_hang_on_the_order_of_the_fits(
    order: list[int], off: int
) -> None:
    files = {key: seen(key, 2.0 if key == off else 0.0) for key in range(4)}
    checks, usual = TrustChecks(), TrustChecks()
    for key in order:
        checks.add(key, files[key])
    for key in range(4):
        usual.add(key, files[key])
    reports = [checks.report(key) for key in range(4)]
    assert reports == [usual.report(key) for key in range(4)]
    assert [report.score < TRUST_FLOOR for report in reports] == [key == off for key in range(4)]


def test_a_run_with_the_number_of_another_one_leaves_its_files_alone(
    services: Services, field: list[Path]
) -> None:
    """A ledger that was restored from a backup gives its numbers again."""
    home = services.context.workspace.root / "alignments"
    for number in range(40):
        (home / str(number)).mkdir(parents=True)
        (home / str(number) / "tweakreg.log").write_text("of another run")
    run = AlignService(services.context, Slow(is_marking=False)).run("gaia")
    assert run_of(services, run).status is ActivityStatus.SUCCEEDED
    assert run_of(services, run).workspace == f"alignments/{run}-2"
    assert [path.name for path in (home / str(run)).iterdir()] == ["tweakreg.log"]
