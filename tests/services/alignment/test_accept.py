from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Acceptance, AlignmentRun, AlignmentSolution, Finding, ProductVersion
from skydb.domain.solution import RESIDUAL_LIMIT_MAS
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SolutionStatus
from skydb.errors import NotFoundError, StateError, ToolCrashedError
from skydb.services.alignment.accept import AcceptOutcome, AcceptService
from skydb.services.alignment.align import AlignService
from tests.services.tools import (
    MEMBERS,
    PRODUCT,
    SHIFT_DEG,
    Toolbox,
    checksums,
    files_below,
    write_exposure,
    write_product,
)

SHIFT_MAS = ((SHIFT_DEG[0] * 0.99908) ** 2 + SHIFT_DEG[1] ** 2) ** 0.5 * 3.6e6
NAME = "IDC_w3m18525i-FIT_SKYDB_gaia"


def prepare(services: Services, files: list[Path], catalog_file: Path) -> None:
    services.ingest.ingest(files)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")


def align(services: Services, tools: Toolbox) -> int:
    return AlignService(services.context, tools).run("gaia")


def accept(services: Services, tools: Toolbox, run: int) -> list[AcceptOutcome]:
    return AcceptService(services.context, tools).accept(run)


@pytest.fixture
def run(services: Services, tools: Toolbox, visit: list[Path], catalog_file: Path) -> int:
    """An alignment run that waits for review."""
    prepare(services, visit, catalog_file)
    return align(services, tools)


def newest(services: Services) -> dict[str, Path]:
    """Paths of the newest versions of every product."""
    with services.context.store.reading() as session:
        versions = session.scalars(select(ProductVersion).order_by(ProductVersion.number))
        return {v.filename: services.context.workspace.resolve(v.path) for v in versions}


def numbers_of(path: Path) -> tuple[float, ...]:
    header = fits.getheader(path, "SCI")
    return tuple(header[card] for card in ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2",
                                           "CD1_1", "CD1_2", "CD2_1", "CD2_2"))  # fmt: skip


def test_the_fit_goes_to_new_versions_and_the_old_files_stay(
    services_anywhere: Services, tools: Toolbox, visit: list[Path], catalog_file: Path
) -> None:
    services = services_anywhere
    prepare(services, visit, catalog_file)
    before = checksums(visit)
    outcomes = accept(services, tools, align(services, tools))
    assert [(one.rootname, one.version, one.status) for one in outcomes] == [
        (MEMBERS[0], 2, SolutionStatus.APPLIED),
        (MEMBERS[1], 2, SolutionStatus.APPLIED),
    ]
    for one in outcomes:
        assert one.predicted_shift_mas == pytest.approx(SHIFT_MAS, abs=0.1)
        assert one.realised_shift_mas == pytest.approx(SHIFT_MAS, abs=0.1)
        assert one.residual_mas is not None and one.residual_mas < 0.1
    assert checksums(visit) == before
    root = services.context.workspace.root
    assert all(path.is_relative_to(root / "versions") for path in newest(services).values())


def test_exactly_the_numbers_that_were_reviewed_stand_in_the_product(
    services: Services, tools: Toolbox, run: int
) -> None:
    with services.context.store.reading() as session:
        chip = session.get_one(AlignmentRun, run).solutions[0].chips[0].geometry
    accept(services, tools, run)
    reviewed = (*chip.crpix_pix, *chip.crval_deg, *chip.cd_deg)
    assert numbers_of(newest(services)[PRODUCT]) == reviewed
    assert tools.ran == ["tweakreg", "tweakback"]


def test_headers_say_who_fitted_and_how_well_in_mas(
    services: Services, tools: Toolbox, run: int
) -> None:
    (fit,) = services.solutions.fits(run)
    accept(services, tools, run)
    for path in newest(services).values():
        header = fits.getheader(path, "SCI")
        assert header["WCSNAME"] == NAME
        assert header["NMATCHES"] == fit["nmatches"]
        assert (header["RMS_RA"], header["RMS_DEC"]) == (fit["rms_ra_mas"], fit["rms_dec_mas"])
        assert "IDC_w3m18525i" in [header.get(f"WCSNAME{key}") for key in "ABCD"]


def test_the_new_solutions_are_in_force_and_lead_back_to_the_fit(
    services: Services, tools: Toolbox, run: int
) -> None:
    accept(services, tools, run)
    current = {row["filename"]: row for row in services.images.wcs()}
    assert {row["wcs_name"] for row in current.values()} == {NAME}
    assert {row["status"] for row in current.values()} == {"applied"}
    assert {row["version"] for row in current.values()} == {2}, "the content that they stand in"
    history = services.solutions.history(MEMBERS[0])
    assert [(row["wcs_name"], row["superseded_by"]) for row in history] == [
        ("IDC_w3m18525i", history[1]["id"]),
        (NAME, None),
    ]
    (fit,) = services.solutions.fits(run)
    assert history[1]["source_id"] == fit["solution"]
    with services.context.store.reading() as session:
        acceptance = session.scalars(select(Acceptance)).one()
        assert acceptance.status is ActivityStatus.SUCCEEDED
        assert len(acceptance.used) == len(acceptance.generated) == 3


def test_a_run_is_accepted_only_once(services: Services, tools: Toolbox, run: int) -> None:
    accept(services, tools, run)
    before = newest(services)
    with pytest.raises(StateError, match="no fit that waits for review"):
        accept(services, tools, run)
    assert newest(services) == before


def test_a_rejected_run_cannot_be_accepted_and_remembers_why(
    services: Services, tools: Toolbox, run: int
) -> None:
    assert services.accept.reject(run, "matched on a diffraction spike") == 1
    (row,) = services.solutions.fits(run)
    assert (row["status"], row["reason"]) == ("rejected", "matched on a diffraction spike")
    with pytest.raises(StateError, match="no fit that waits for review"):
        accept(services, tools, run)
    with pytest.raises(StateError, match="no fit that waits for review"):
        services.accept.reject(run, "again")


def test_a_run_whose_fits_failed_has_nothing_to_accept(
    services: Services, tools: Toolbox, visit: list[Path], catalog_file: Path
) -> None:
    prepare(services, visit, catalog_file)
    tools.unfitted = {PRODUCT}
    run = align(services, tools)
    for decide in (lambda: accept(services, tools, run), lambda: services.accept.reject(run, "x")):
        with pytest.raises(StateError, match="no fit that waits for review"):
            decide()


def test_a_run_that_does_not_exist_is_not_found(services: Services, tools: Toolbox) -> None:
    with pytest.raises(NotFoundError, match="no alignment run 99"):
        accept(services, tools, 99)
    with pytest.raises(NotFoundError, match="no alignment run 99"):
        services.accept.reject(99, "x")


def test_a_fit_of_few_matches_is_left_for_review_unless_somebody_insists(
    services: Services, tools: Toolbox, visit: list[Path], catalog_file: Path
) -> None:
    prepare(services, visit, catalog_file)
    tools.matches = 4
    run = align(services, tools)
    with pytest.raises(StateError, match="No fit was accepted"):
        accept(services, tools, run)
    (row,) = services.solutions.fits(run)
    assert row["status"] == "proposed"
    assert "tweakback" not in tools.ran
    forced = AcceptService(services.context, tools).accept(run, force_why="the field is sparse")
    assert {one.status for one in forced} == {SolutionStatus.APPLIED}
    with services.context.store.reading() as session:
        said = [one.message for one in session.scalars(select(Finding))
                if one.kind is FindingKind.FORCED]  # fmt: skip
    assert "the field is sparse" in said[0]


def test_an_exposure_that_strays_makes_the_fit_fail_and_nothing_is_kept(
    services_anywhere: Services, tools: Toolbox, visit: list[Path], catalog_file: Path
) -> None:
    services = services_anywhere
    prepare(services, visit, catalog_file)
    run, before = align(services, tools), checksums(visit)
    tools.strays = {MEMBERS[1]: 1.5 * RESIDUAL_LIMIT_MAS / 3.6e6}
    outcomes = accept(services, tools, run)
    assert [(one.status, one.version) for one in outcomes] == [(SolutionStatus.FAILED, None)] * 2
    assert outcomes[1].residual_mas == pytest.approx(1.5 * RESIDUAL_LIMIT_MAS, rel=0.01)
    with services.context.store.reading() as session:
        acceptance = session.scalars(select(Acceptance)).one()
        assert acceptance.status is ActivityStatus.FAILED
        assert acceptance.generated == []
        strays = [f for f in acceptance.findings if f.kind is FindingKind.SHIFT_MISMATCH]
        assert [f.subject for f in strays] == [f"{MEMBERS[1]}_flt.fits"]
        assert "3.0 mas" in strays[0].message
        fit = session.get_one(AlignmentRun, run).solutions[0]
        assert fit.status is SolutionStatus.FAILED
        assert fit.residual_mas == pytest.approx(3.0, rel=0.01)
        assert fit.predicted_shift_mas == pytest.approx(SHIFT_MAS, abs=0.1)
        assert fit.reason is not None
        assert session.scalars(select(ProductVersion.number)).all() == [1, 1, 1]
    assert files_below(services.context.workspace.root / "versions") == []
    assert {row["wcs_name"] for row in services.images.wcs()} == {"IDC_w3m18525i"}
    assert checksums(visit) == before


def test_a_crash_of_tweakback_leaves_a_failed_row_the_log_and_the_proposals(
    services: Services, tools: Toolbox, run: int, visit: list[Path]
) -> None:
    before = checksums(visit)
    tools.crashes = {"tweakback"}
    with pytest.raises(ToolCrashedError, match="killed by SIGKILL"):
        accept(services, tools, run)
    with services.context.store.reading() as session:
        acceptance = session.scalars(select(Acceptance)).one()
        assert acceptance.status is ActivityStatus.FAILED
        assert acceptance.log_path == f"logs/accept-{acceptance.id}"
    root = services.context.workspace.root
    assert files_below(root / str(acceptance.log_path)) == ["tweakback.log"]
    assert files_below(root / "scratch") == files_below(root / "versions") == []
    assert checksums(visit) == before
    tools.crashes = set()
    assert {one.status for one in accept(services, tools, run)} == {SolutionStatus.APPLIED}


def test_an_exposure_that_the_ledger_lacks_is_named_and_the_others_are_moved(
    services: Services, tools: Toolbox, visit: list[Path], catalog_file: Path
) -> None:
    prepare(services, [visit[0], visit[2]], catalog_file)
    moved, left = accept(services, tools, align(services, tools))
    assert (moved.rootname, moved.status) == (MEMBERS[0], SolutionStatus.APPLIED)
    assert (left.rootname, left.status, left.version) == (
        MEMBERS[1],
        SolutionStatus.PROPOSED,
        None,
    )
    assert left.reason == "The ledger has no pipeline file of it."


def test_a_product_of_which_no_exposure_is_there_asks_for_them(
    services: Services, tools: Toolbox, visit: list[Path], catalog_file: Path
) -> None:
    prepare(services, [visit[2]], catalog_file)
    run = align(services, tools)
    with pytest.raises(NotFoundError, match=f"made of {MEMBERS[0]}, {MEMBERS[1]} not in the"):
        accept(services, tools, run)


def test_a_second_alignment_moves_what_the_first_one_made(
    services: Services, tools: Toolbox, run: int, visit: list[Path]
) -> None:
    accept(services, tools, run)
    again = accept(services, tools, align(services, tools))
    assert [one.version for one in again] == [3, 3]
    assert all(one.predicted_shift_mas == pytest.approx(SHIFT_MAS, abs=0.1) for one in again)
    start, end = numbers_of(visit[0]), numbers_of(newest(services)[visit[0].name])
    assert end[2] - start[2] == pytest.approx(2 * SHIFT_DEG[0], abs=1e-9)
    names = {fits.getheader(path, "SCI")["WCSNAME"] for path in newest(services).values()}
    assert names == {f"{NAME}-2"}


def test_two_runs_on_the_same_product_move_its_exposures_once_and_not_twice(
    services: Services, tools: Toolbox, run: int, visit: list[Path]
) -> None:
    tools.shift_deg = (2.5e-5, 0.0)
    other = align(services, tools)
    accept(services, tools, run)
    accept(services, tools, other)
    start, end = numbers_of(visit[0]), numbers_of(newest(services)[visit[0].name])
    assert end[2] - start[2] == pytest.approx(2.5e-5, abs=1e-9)
    assert end[3] - start[3] == pytest.approx(0.0, abs=1e-9)
    in_force = [row for row in services.solutions.history(MEMBERS[0])
                if row["superseded_by"] is None]  # fmt: skip
    assert [row["version"] for row in in_force] == [3]


def test_a_product_whose_members_were_moved_without_it_is_flagged_when_fitted_and_accepted(
    services: Services, tools: Toolbox, run: int, tmp_path: Path
) -> None:
    other = write_product(tmp_path / "other", PRODUCT.replace("010", "011"))
    services.ingest.ingest([other])
    accept(services, tools, run)

    late = AlignService(services.context, tools).run("gaia", [other.name])
    outcomes = accept(services, tools, late)

    doubts = services.runs.input_doubts(late)
    (doubt,) = (one for one in doubts if one["kind"] == "stale-input")
    assert "2 of its 2 members were aligned after it was made" in doubt["message"]
    assert "stale-input" not in {one["kind"] for one in services.runs.input_doubts(run)}
    assert all("takes the place" in str(one.reason) for one in outcomes)
    assert {one.version for one in outcomes} == {3}


def test_the_same_fit_of_two_runs_can_be_accepted_from_both(
    services: Services, tools: Toolbox, run: int, visit: list[Path]
) -> None:
    other = align(services, tools)
    accept(services, tools, run)
    again = accept(services, tools, other)
    assert {one.status for one in again} == {SolutionStatus.APPLIED}
    start, end = numbers_of(visit[0]), numbers_of(newest(services)[visit[0].name])
    assert end[2] - start[2] == pytest.approx(SHIFT_DEG[0], abs=1e-9)
    in_force = [row for row in services.images.wcs() if row["status"] == "applied"]
    assert len(in_force) == 3


def test_a_new_archive_version_is_what_the_next_alignment_of_its_product_moves(
    services: Services, tools: Toolbox, run: int, tmp_path: Path
) -> None:
    accept(services, tools, run)
    renewed = [write_exposure(tmp_path / "again", name, CAL_VER="4.0") for name in MEMBERS]
    renewed.append(write_product(tmp_path / "again", CAL_VER="4.0"))
    services.ingest.ingest(renewed)
    outcomes = accept(services, tools, align(services, tools))
    assert [one.version for one in outcomes] == [4, 4]
    start, end = numbers_of(renewed[0]), numbers_of(newest(services)[renewed[0].name])
    assert end[2] - start[2] == pytest.approx(SHIFT_DEG[0], abs=1e-9)
    assert fits.getheader(newest(services)[renewed[0].name])["CAL_VER"] == "4.0"


def test_a_drc_moves_flcs_and_a_drz_of_the_same_exposures_moves_flts(
    services: Services, tools: Toolbox, tmp_path: Path, catalog_file: Path
) -> None:
    home = tmp_path / "both"
    files = [write_exposure(home, name, kind=kind) for name in MEMBERS for kind in ("flt", "flc")]
    drc = PRODUCT.replace("drz", "drc")
    files += [write_product(home), write_product(home, drc)]
    prepare(services, files, catalog_file)
    run = align(services, tools)
    outcomes = accept(services, tools, run)
    assert sorted(one.filename for one in outcomes) == sorted(path.name for path in files[:4])
    assert {one.version for one in outcomes} == {2}
    with services.context.store.reading() as session:
        carried = session.scalars(
            select(AlignmentSolution).where(AlignmentSolution.source_id.is_not(None))
        )
        pairs = {(one.version.filename[-6], one.source.version.filename[-6]) for one in carried}
    assert pairs == {("t", "z"), ("c", "c")}
