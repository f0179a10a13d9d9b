from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Activity, AlignmentRun, AlignmentSolution
from skydb.domain.guards import GuardPolicy
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SolutionStatus
from skydb.errors import (
    FileRejectedError,
    NotFoundError,
    ToolCrashedError,
    ToolError,
)
from skydb.services.alignment.align import AlignService
from tests.services.tools import (
    MATCHES,
    PRODUCT,
    Toolbox,
    checksums,
    files_below,
    write_exposure,
    write_product,
)

OTHER = "ibxl51010_drz.fits"


@pytest.fixture
def field(services: Services, visit: list[Path], catalog_file: Path) -> list[Path]:
    """A visit and a catalogue in the ledger."""
    services.ingest.ingest(visit)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    return visit


@pytest.fixture
def second_product(services: Services, field: list[Path], tmp_path: Path) -> Path:
    members = ("ibxl51iaq", "ibxl51ibq")
    files = [write_exposure(tmp_path / "visit2", member) for member in members]
    files.append(write_product(tmp_path / "visit2", OTHER, members))
    services.ingest.ingest(files)
    return files[-1]


def align(services: Services, tools: Toolbox, *products: str) -> int:
    return AlignService(services.context, tools).run("gaia", products)


def run_of(services: Services, run_id: int) -> AlignmentRun:
    with services.context.store.reading() as session:
        run = session.get_one(AlignmentRun, run_id)
        _ = run.findings, run.used, [link.version for link in run.used]
        return run


def test_a_fit_is_a_proposal_and_no_file_changes(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    before = checksums(field)
    run = align(services, tools)
    (row,) = services.solutions.fits(run)
    assert (row["product"], row["status"], row["nmatches"]) == (PRODUCT, "proposed", MATCHES)
    assert (row["dx_pix"], row["dy_pix"]) == (0.42, -0.28)
    assert row["archive_wcs_name"] == "IDC_w3m18525i"
    assert checksums(field) == before
    assert len(services.images.wcs()) == 3
    assert run_of(services, run).status is ActivityStatus.SUCCEEDED


def test_a_wcs_that_skydb_fitted_is_not_shown_as_the_archives(
    services: Services, tools: Toolbox, visit: list[Path], catalog_file: Path
) -> None:
    """So a mosaic of exposures that skydb aligned comes in."""
    product = next(path for path in visit if path.name == PRODUCT)
    with fits.open(product, mode="update") as images:
        named = [image for image in images if "WCSNAME" in image.header]
        for image in named:
            image.header["WCSNAME"] = "IDC_w3m18525i-FIT_SKYDB_gaia"
    assert named
    services.ingest.ingest(visit)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    (row,) = services.solutions.fits(align(services, tools))
    assert row["archive_wcs_name"] is None
    assert row["archive_nmatches"] is None


def test_the_numbers_of_the_row_are_those_of_the_fitted_header_bit_for_bit(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    run = align(services, tools)
    with services.context.store.reading() as session:
        (fit,) = session.get_one(AlignmentRun, run).solutions
        chip, old = fit.chips[0].geometry, fit.version.current_solution.chips[0].geometry
    moved = tuple(
        value + shift for value, shift in zip(old.crval_deg, tools.shift_deg, strict=True)
    )
    assert chip.crval_deg == moved
    assert (chip.cd_deg, chip.crpix_pix) == (old.cd_deg, old.crpix_pix)


def test_a_run_keeps_what_it_used_and_the_evidence_and_no_litter(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    run = run_of(services, align(services, tools))
    assert [link.version.filename for link in run.used] == [PRODUCT]
    assert run.parameters["refcat"] == "gaia"
    root = services.context.workspace.root
    evidence = files_below(root / "alignments" / str(run.id))
    assert f"{PRODUCT[:-5]}/{PRODUCT[:-5]}_catalog_fit.match" in evidence
    assert f"{PRODUCT[:-5]}/shifts.txt" in evidence
    assert list((root / "scratch").iterdir()) == []


def test_a_fit_that_failed_has_a_row_with_the_reason_and_a_finding(
    services: Services, tools: Toolbox, second_product: Path
) -> None:
    tools.unfitted = {OTHER}
    run = align(services, tools)
    fits = {row["product"]: row for row in services.solutions.fits(run)}
    assert fits[PRODUCT]["status"] == "proposed"
    assert fits[OTHER]["status"] == "failed"
    assert "not a number" in fits[OTHER]["reason"]
    assert fits[OTHER]["rms_ra_mas"] is None and fits[OTHER]["dx_pix"] is None
    failed = [one for one in run_of(services, run).findings if one.kind is FindingKind.FIT_FAILED]
    assert [one.subject for one in failed] == [OTHER]


def test_a_run_in_which_every_fit_failed_says_so_for_each(
    services: Services, tools: Toolbox, second_product: Path
) -> None:
    tools.unfitted = {PRODUCT, OTHER}
    run = align(services, tools)
    rows = services.solutions.fits(run)
    assert {row["status"] for row in rows} == {SolutionStatus.FAILED.value}
    assert len(rows) == 2


def test_a_fit_with_few_matches_is_a_finding(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    tools.matches = 4
    kinds = {finding.kind for finding in run_of(services, align(services, tools)).findings}
    assert FindingKind.WEAK_FIT in kinds


def test_the_next_catalogue_is_taken_where_the_first_gives_no_trusted_fit(
    services: Services, tools: Toolbox, field: list[Path], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("ra,dec\n" + "".join(f"{10 + n / 1000},5.0\n" for n in range(30)))
    services.refcat.import_file(elsewhere, 2016.0, "elsewhere")
    service = AlignService(services.context, tools)
    run = service.run(["elsewhere", "gaia"])
    for number in (run, service.repeat(run)):
        (row,) = services.solutions.fits(number)
        assert (row["status"], row["refcat"]) == ("proposed", "gaia")
        (tried,) = row["catalogs_tried"]
        assert tried.startswith("elsewhere: the catalogue does not cover it")
        doubts = [doubt["message"] for doubt in services.runs.input_doubts(number)]
        assert any(one.startswith("gaia gave a trusted fit (elsewhere:") for one in doubts)
    service = services.accept
    assert {one.status for one in type(service)(services.context, tools).accept(run)} == {"applied"}
    (history,) = services.plain.sql(
        "SELECT DISTINCT refcat FROM v_alignment_history WHERE status = 'applied'"
    ).rows
    assert history == ("gaia",)


def test_no_second_catalogue_is_asked_when_the_first_is_trusted(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    run = AlignService(services.context, tools).run(["gaia", "gaia"])
    (row,) = services.solutions.fits(run)
    assert (row["refcat"], row["catalogs_tried"]) == ("gaia", [])
    assert tools.ran == ["tweakreg"]


def test_a_fit_of_eight_matches_is_a_shift_and_says_why(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    tools.matches = 8
    run = align(services, tools)
    assert FindingKind.WEAK_FIT not in {one.kind for one in run_of(services, run).findings}
    (row,) = services.solutions.fits(run)
    assert (row["fit_geometry"], row["geometry_why"]) == ("shift", "8 matches, rscale wants 12")


def test_a_crash_leaves_a_failed_row_the_log_and_no_litter(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    tools.crashes = {"tweakreg"}
    before = checksums(field)
    with pytest.raises(ToolCrashedError, match="killed by SIGKILL"):
        align(services, tools)
    with services.context.store.reading() as session:
        run = session.scalars(select(AlignmentRun)).one()
        assert run.status is ActivityStatus.FAILED
        assert "killed by SIGKILL" in str(run.error)
        assert run.log_path == f"logs/align-{run.id}"
        assert (
            session.scalars(select(AlignmentSolution.status)).all() == [SolutionStatus.RECORDED] * 3
        )
    root = services.context.workspace.root
    assert files_below(root / str(run.log_path)) == ["tweakreg.log"]
    assert files_below(root / "scratch") == []
    assert checksums(field) == before


def test_a_crash_of_the_second_product_does_not_take_the_first_fit_along(
    services: Services, second_product: Path
) -> None:
    class Fragile(Toolbox):
        def _tweakreg(self, job, directory):
            (directory / "job.started").touch()
            if OTHER in job["inputs"]:
                log = directory.parent / "tweakreg.log"
                log.write_text("Traceback", encoding="utf-8")
                raise ToolCrashedError("TweakReg", "raised ValueError", log=log)
            super()._tweakreg(job, directory)
            (directory / "job.done").touch()

    rows = services.solutions.fits(align(services, Fragile()))
    assert [(row["product"], row["status"]) for row in rows] == [
        (PRODUCT, "proposed"),
        (OTHER, "failed"),
    ]
    reason = rows[1]["reason"]
    assert "raised ValueError" in reason
    named = Path(reason.partition("Its log: ")[2].rstrip("."))
    assert named.is_relative_to(services.context.workspace.root / "alignments")
    assert named.read_text(encoding="utf-8") == "Traceback"


def test_a_product_named_twice_is_fitted_once(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    assert len(services.solutions.fits(align(services, tools, PRODUCT, PRODUCT))) == 1


def test_only_the_products_that_are_named_are_fitted(
    services: Services, tools: Toolbox, second_product: Path
) -> None:
    rows = services.solutions.fits(align(services, tools, OTHER))
    assert [row["product"] for row in rows] == [OTHER]


@pytest.mark.parametrize(
    ("refcat", "product", "what"),
    [
        ("nothing", PRODUCT, "no reference catalogue 'nothing'"),
        ("gaia", "ibxl99010_drz.fits", "no ibxl99010_drz.fits"),
    ],
)
def test_what_is_not_there_is_not_found_and_nothing_begins(
    services: Services, tools: Toolbox, field: list[Path], refcat: str, product: str, what: str
) -> None:
    with pytest.raises(NotFoundError, match=what):
        AlignService(services.context, tools).run(refcat, [product])
    assert tools.ran == []
    with services.context.store.reading() as session:
        assert session.scalars(select(AlignmentRun)).all() == []


@pytest.mark.parametrize("is_strict", [False, True])
def test_one_product_that_is_gone_is_left_out_and_the_others_are_fitted(
    services: Services, tools: Toolbox, field: list[Path], second_product: Path, is_strict: bool
) -> None:
    second_product.unlink()
    aligner, policy = AlignService(services.context, tools), GuardPolicy(strict=is_strict)
    if is_strict:
        with pytest.raises(NotFoundError, match="is gone"):
            aligner.run("gaia", policy=policy)
        return
    run = aligner.run("gaia", policy=policy)
    (row,) = services.solutions.fits(run)
    assert (row["product"], row["status"]) == (PRODUCT, "proposed")
    doubts = {one["subject"]: one for one in services.runs.input_doubts(run)}
    assert doubts[OTHER]["kind"] == "rejected-file"
    assert "is gone" in doubts[OTHER]["message"]


def test_a_product_that_changed_on_disk_is_refused(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    with field[-1].open("ab") as product:
        product.write(b"\0" * 2880)
    with pytest.raises(FileRejectedError, match="is no longer version 1"):
        align(services, tools)
    field[-1].unlink()
    with pytest.raises(NotFoundError, match=r"is gone\. Put it back"):
        align(services, tools)
    field[-1].with_name(f"{field[-1].name}.gz").touch()
    with pytest.raises(NotFoundError, match=r"\.fits\.gz lies there: unpack it"):
        align(services, tools)
    assert tools.ran == []


def test_a_tool_that_writes_to_the_users_file_is_caught(
    services: Services, field: list[Path]
) -> None:
    class Vandal(Toolbox):
        def _tweakreg(self, job, directory):
            super()._tweakreg(job, directory)
            field[-1].write_bytes(b"ruined")

    with pytest.raises(ToolError, match="input changed"):
        align(services, Vandal())
    with services.context.store.reading() as session:
        assert session.scalars(select(AlignmentRun)).one().status is ActivityStatus.FAILED


def test_everything_that_ran_is_an_activity_with_its_agent(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    align(services, tools)
    with services.context.store.reading() as session:
        activities = session.scalars(select(Activity).order_by(Activity.id)).all()
        assert [one.kind.value for one in activities] == ["ingest", "catalog", "alignment"]
        assert {one.agent for one in activities} == {services.context.agent}
        assert all(one.environment and one.skydb_version for one in activities)
