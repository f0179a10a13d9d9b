"""The real runs of 2019, imported and read back, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from skydb.api.composition import Services
from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    Environment,
    Exposure,
    Finding,
    Product,
    SkyRun,
    SkyRunGroup,
    SkyValue,
    Visit,
)
from skydb.domain.vocabulary import (
    COMPUTED_METHODS,
    ActivityStatus,
    FindingKind,
    KnownFrom,
    SkyUnit,
    SolutionStatus,
)
from skydb.files.shiftfile import read_shift_file
from skydb.services.history.outcome import HistoryStatus
from tests.services.history.real import DATES, published

TABLES = (
    *(AlignmentRun, AlignmentSolution, Environment, Exposure, Finding, Product),
    *(SkyRun, SkyRunGroup, SkyValue, Visit),
)
FITTED, FAILED = DATES


def counts(services: Services) -> dict[str, int]:
    with services.context.store.reading() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in TABLES
        }


def values(services: Services, date: str) -> dict[tuple[str, str], float]:
    answer = services.plain.sql(
        "SELECT rootname, effective_method, mdrizsky, unit, extver FROM v_sky_values"
        f" WHERE started_at >= '{date}' AND started_at < '{date} 23:59'"
    )
    assert {row[3] for row in answer.rows} == {"electron/s"}
    assert {row[4] for row in answer.rows} == {1}
    return {(row[0], row[1]): row[2] for row in answer.rows}


def test_every_sky_equals_the_published_one_to_all_printed_digits(
    imported: Services, test_data: Path
) -> None:
    for date in DATES:
        found, table = values(imported, date), list(published(test_data, date))
        assert len(found) == 4 * len(table) == 72
        for row in table:
            for method in COMPUTED_METHODS:
                assert f"{found[row['rootname'], method.value]:.6f}" == row[method.column]


def test_globalmin_and_match_differ_by_one_constant(imported: Services) -> None:
    answer = imported.plain.sql(
        "SELECT group_id, globalmin_match - match, localmin, globalmin FROM v_sky_comparison"
    )
    assert len(answer.rows) == 36
    assert all(None not in row for row in answer.rows)
    for group in {row[0] for row in answer.rows}:
        offsets = [row[1] for row in answer.rows if row[0] == group]
        assert max(offsets) - min(offsets) <= 1.01e-6


def test_the_four_methods_of_one_date_are_one_group(imported: Services) -> None:
    with imported.context.store.reading() as session:
        groups = list(session.scalars(select(SkyRunGroup).order_by(SkyRunGroup.id)))
        for group in groups:
            assert {run.effective_method for run in group.runs} == set(COMPUTED_METHODS)
        assert [group.label for group in groups] == [f"{date}, 18 exposures" for date in DATES]
        for run in (run for group in groups for run in group.runs):
            assert run.requested_method is run.effective_method
            assert run.downgraded is False
            assert run.tool_version == "AstroDrizzle 2.2.6"
            assert run.status is ActivityStatus.SUCCEEDED
            assert run.environment is not None
            assert run.environment.python_version == "3.6.8"
            assert run.environment.packages["astropy"] == "3.1.2"
            assert run.parameters["clock"].startswith("local time of an unknown zone")
            assert run.log_path is not None
            assert imported.context.workspace.resolve(run.log_path).is_file()


def test_the_comparison_shows_the_newest_date(imported: Services, test_data: Path) -> None:
    rows = {row["rootname"]: row for row in imported.comparison.methods.values()}
    for line in published(test_data, FAILED):
        row = rows[line["rootname"]]
        assert [f"{row[m.column]:.6f}" for m in COMPUTED_METHODS] == [
            line[m.column] for m in COMPUTED_METHODS
        ]
        assert row["unit"] == SkyUnit.ELECTRON_PER_S.value


def test_fits_agree_with_the_shift_file_and_have_their_scatter_on_the_sky(
    imported: Services, runs: Path
) -> None:
    shifts = read_shift_file(runs / FITTED / "shift4_drc.txt")
    with imported.context.store.reading() as session:
        run = session.scalars(select(AlignmentRun).order_by(AlignmentRun.started_at)).first()
        assert run is not None
        assert (run.status, run.reference) == (ActivityStatus.SUCCEEDED, "ibxl54030_drz.fits")
        fits = {solution.product.filename: solution for solution in run.solutions}
        assert len(fits) == 9
        for row in shifts.rows:
            fit = fits[row.filename]
            if row.is_identity:
                assert (fit.status, fit.dx_pix, fit.x_rms_pix) == (
                    SolutionStatus.RECORDED,
                    None,
                    None,
                )
                assert "reference image" in (fit.reason or "")
                continue
            assert fit.status is SolutionStatus.APPLIED
            assert (fit.dx_pix, fit.dy_pix, fit.rotation_deg, fit.scale) == row.numbers[:4]
            pixels = (row.x_rms_pix**2 + row.y_rms_pix**2) ** 0.5 * 128.25
            assert fit.rms_ra_mas is not None and fit.rms_dec_mas is not None
            assert (fit.rms_ra_mas**2 + fit.rms_dec_mas**2) ** 0.5 == pytest.approx(
                pixels, rel=1e-3
            )
        assert fits["ibxl51030_drz.fits"].nmatches == 14
        assert fits["ibxl51030_drz.fits"].wcs_name == "TWEAK"
        assert run.parameters["source_lists"]["ibxl58030_drz.fits"][
            "ibxl58030_drz_sci1_xy_catalog.coo"
        ] == 428  # fmt: skip


def test_the_failed_alignment_is_failed_and_has_no_numbers_of_an_earlier_one(
    imported: Services,
) -> None:
    with imported.context.store.reading() as session:
        run = session.scalars(select(AlignmentRun).order_by(AlignmentRun.started_at.desc())).first()
        assert run is not None
        assert run.status is ActivityStatus.FAILED
        assert "Not enough matches" in (run.error or "")
        failed = [s for s in run.solutions if s.status is SolutionStatus.FAILED]
        assert len(failed) == 8
        for fit in failed:
            assert (fit.dx_pix, fit.nmatches, fit.rms_ra_mas, fit.x_rms_pix) == (None,) * 4
            assert "Not enough matches" in (fit.reason or "")
            assert fit.applied_at is None
        stale = [f for f in run.findings if f.kind is FindingKind.CONTRADICTION]
        assert len(stale) == 8
        assert all("is of another run" in finding.message for finding in stale)
        assert not any(name.endswith(".match") for name in run.parameters["evidence"])


def test_importing_twice_changes_no_row(imported: Services, runs: Path, tmp_path: Path) -> None:
    before = counts(imported)
    again = imported.history.import_dirs([runs / FITTED])
    assert {outcome.status for outcome in again} == {HistoryStatus.KNOWN}
    copy = tmp_path / "elsewhere" / "copy.txt"
    copy.parent.mkdir()
    text = (runs / FAILED / "astrodrizzle.log").read_text()
    copy.write_bytes(text.replace("\n", "\r\n").encode())
    elsewhere = imported.history.import_dirs([copy.parent])
    assert {outcome.status for outcome in elsewhere} == {HistoryStatus.KNOWN}
    assert counts(imported) == before


def test_exposures_known_from_logs_say_so(imported: Services) -> None:
    with imported.context.store.reading() as session:
        exposures = list(session.scalars(select(Exposure)))
        assert len(exposures) == 18
        assert {exposure.known_from for exposure in exposures} == {KnownFrom.LOG}
        assert {exposure.visit.label for exposure in exposures} == {f"bxl5{n}" for n in range(9)}
        assert {exposure.detector for exposure in exposures} == {None}


def test_every_file_that_was_kept_is_named_by_a_run(imported: Services) -> None:
    assert imported.fsck.check() == []
