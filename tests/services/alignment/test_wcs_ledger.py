from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from astropy.io import fits

from skydb.api.composition import Services
from skydb.domain import AlignmentSolution, Exposure, Finding, Product, Restoration
from skydb.domain.values import Realised
from skydb.domain.vocabulary import (
    ActivityStatus,
    DiffCause,
    FindingKind,
    IngestStatus,
    ProductKind,
    SolutionOrigin,
    SolutionStatus,
)
from skydb.errors import FileRejectedError, NotFoundError, StateError, UsageError
from skydb.files.checksum import sha256_of
from skydb.files.products import read_hstwcs
from skydb.services.alignment.wcs_ledger import RESTORED_LIMIT_MAS, WcsLedgerService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.sky.wcs_change import difference
from tests.files.builders import chip_cards
from tests.files.headerlet_builder import append_hdrlet, headerlet_bytes

GAIA = "IDC_w3m18525i-FIT_REL_GAIADR2"


#: One chip, and two chips with lookup tables.
both_detectors = pytest.mark.parametrize("simulated", list(SimDetector), indirect=True, ids=str)


@pytest.fixture(scope="module")
def simulated(request, tmp_path_factory) -> Path:
    """Two exposures; nothing ran drizzlepac."""
    directory = tmp_path_factory.mktemp("wcs") / "field"
    detector = getattr(request, "param", SimDetector.IR)
    simulate_field(directory, FieldPlan(detector, tiles=(1, 1), size=64, products=False))
    return directory


@pytest.fixture
def images(simulated, tmp_path) -> list[Path]:
    field = Path(shutil.copytree(simulated, tmp_path / "field"))
    return sorted(field.glob("*_fl?.fits"))


@pytest.fixture
def services(sqlite_ledger_url, tmp_path, images):
    opened = Services.open(sqlite_ledger_url, tmp_path / "data")
    opened.ingest.ingest(images)
    yield opened
    opened.close()


def solutions(services, **wanted) -> list[AlignmentSolution]:
    with services.context.store.reading() as session:
        found = session.query(AlignmentSolution).filter_by(**wanted).order_by("id")
        return [one for one in found if one.version.product and one.chips]


def of_image(services, image: Path, key: str) -> AlignmentSolution:
    found = solutions(services, wcs_key=key)
    return next(one for one in found if one.version.filename == image.name)


def newest(services, image: Path) -> Path:
    with services.context.store.reading() as session:
        product = session.query(Product).filter_by(filename=image.name).one()
        return services.context.workspace.resolve(product.latest.path)


@both_detectors
def test_an_alternate_is_restored_to_a_new_version(services, images) -> None:
    image = images[0]
    before, alternate = image.read_bytes(), of_image(services, image, "A")
    outcome = services.wcs_ledger.restore(alternate.id)
    assert outcome.status is SolutionStatus.APPLIED
    assert outcome.version == 2 and outcome.wcs_name == alternate.wcs_name
    assert outcome.residual_mas <= RESTORED_LIMIT_MAS < outcome.shift_mas
    assert image.read_bytes() == before
    with fits.open(newest(services, image)) as hdus:
        header = hdus["SCI", 1].header
        assert header["WCSNAME"] == alternate.wcs_name
        archived = [header[card] for card in header if card.startswith("WCSNAME")]
        assert of_image(services, image, " ").wcs_name in archived
        assert "primary at" in str(hdus[0].header["HISTORY"])


@both_detectors
def test_what_is_restored_is_what_was_asked_for_on_every_chip(services, images) -> None:
    alternate = of_image(services, images[0], "A")
    services.wcs_ledger.restore(alternate.id)
    now = read_hstwcs(newest(services, images[0]))
    assert sorted(now) == [chip.extver for chip in alternate.chips]
    for chip in alternate.chips:
        assert tuple(now[chip.extver].wcs.crval) == chip.geometry.crval_deg


def test_a_restored_solution_supersedes_the_current_one_and_says_where_it_is_from(
    services, images, monkeypatch
) -> None:
    original, alternate = (of_image(services, images[0], key) for key in " A")
    # As far off as it may just be.
    measured = Realised(50.0, 50.0, RESTORED_LIMIT_MAS)
    monkeypatch.setattr(WcsLedgerService, "_measure", lambda *_: measured)
    outcome = services.wcs_ledger.restore(alternate.id)
    assert outcome.version == 2
    with services.context.store.reading() as session:
        restored = session.get_one(AlignmentSolution, outcome.solution)
        assert restored.origin is SolutionOrigin.RESTORED
        assert restored.applied_at is not None and restored.source_id == alternate.id
        assert session.get_one(AlignmentSolution, original.id).superseded_by_id == restored.id
        activity = session.get_one(Restoration, restored.activity_id)
        assert activity.status is ActivityStatus.SUCCEEDED
        assert [use.version_id for use in activity.used] == [alternate.version_id]


def test_solutions_can_be_restored_to_and_fro(services, images) -> None:
    original, alternate = (of_image(services, images[0], key) for key in " A")
    for number, solution in enumerate((alternate, original, alternate, original), 2):
        assert services.wcs_ledger.restore(solution.id).version == number
    first, last = read_hstwcs(images[0]), read_hstwcs(newest(services, images[0]))
    assert difference(first, last).max_mas == 0.0
    with fits.open(newest(services, images[0])) as hdus:
        keys = [card[-1] for card in hdus[1].header if card.startswith("CRVAL1")]
    assert sorted(keys) == ["1", "A", "B", "O"]


def test_a_solution_that_is_in_force_is_not_restored(services, images) -> None:
    with pytest.raises(StateError, match="is active in"):
        services.wcs_ledger.restore(of_image(services, images[0], " ").id)
    alternate = of_image(services, images[0], "A")
    services.wcs_ledger.restore(alternate.id)
    with pytest.raises(StateError, match="is active in"):
        services.wcs_ledger.restore(alternate.id)


def test_a_solution_without_distortion_is_not_restored(services, images) -> None:
    with pytest.raises(StateError, match="no distortion"):
        services.wcs_ledger.restore(of_image(services, images[0], "O").id)


def test_a_solution_that_nobody_knows_is_not_found(services) -> None:
    for use in (services.wcs_ledger.restore, lambda one: services.wcs_diff.diff(one, one)):
        with pytest.raises(NotFoundError, match="no solution 9999"):
            use(9999)


def test_a_file_that_changed_meanwhile_is_not_restored_from(services, images) -> None:
    alternate = of_image(services, images[0], "A")
    with images[0].open("r+b") as stream:
        stream.write(b"SIMPLE  =                    F")
    with pytest.raises(FileRejectedError, match="no longer"):
        services.wcs_ledger.restore(alternate.id)


@both_detectors
def test_the_difference_of_two_solutions_is_that_of_their_pixels(services, images) -> None:
    original, alternate = (of_image(services, images[0], key) for key in " A")
    found = services.wcs_diff.diff(original.id, alternate.id)
    back = services.wcs_diff.diff(alternate.id, original.id)
    assert 1.0 < found.median_mas <= found.max_mas
    assert back.east_mas == pytest.approx(-found.east_mas, abs=0.01)
    assert found.product == images[0].name
    assert (found.a, found.a_name) == (original.id, original.wcs_name) == (back.b, back.b_name)
    assert (found.b, found.b_name) == (alternate.id, alternate.wcs_name) == (back.a, back.a_name)
    outcome = services.wcs_ledger.restore(alternate.id)
    same = services.wcs_diff.diff(alternate.id, outcome.solution)
    assert same.max_mas <= RESTORED_LIMIT_MAS
    assert DiffCause.INPUT not in same.cause


def test_the_cause_is_what_the_rows_say_differently(services, images) -> None:
    primary, idc, opus = (of_image(services, images[0], key).id for key in " AO")
    assert services.wcs_diff.diff(idc, opus).cause == [DiffCause.IDCTAB]
    found = services.wcs_diff.diff(primary, idc)
    assert found.cause == [DiffCause.CATALOGUE]
    assert found.because["catalogue"][1] is None
    assert services.wcs_diff.diff(idc, idc).cause == []


def _reprocessed(image: Path) -> None:
    with fits.open(image, mode="update") as hdus:
        hdus[0].header["CAL_VER"] = "99.9"
        hdus[1].data += 1.0


def test_another_content_and_another_pipeline_are_causes(services, images, tmp_path) -> None:
    again = Path(shutil.copy(images[0], tmp_path))
    _reprocessed(again)
    services.ingest.ingest([again])
    earlier, later = (one.id for one in solutions(services, wcs_key="A")[:: len(images)])
    found = services.wcs_diff.diff(earlier, later)
    assert found.max_mas == 0.0
    assert found.cause == [DiffCause.SOFTWARE, DiffCause.INPUT]
    assert found.assumed is None


def test_a_content_that_was_replaced_in_its_place_can_still_be_compared(services, images) -> None:
    _reprocessed(images[0])
    services.ingest.ingest(images[:1])
    earlier, later = (one.id for one in solutions(services, wcs_key="A")[:: len(images)])
    found = services.wcs_diff.diff(earlier, later)
    assert found.max_mas < 1e-6
    assert "version 1 is gone" in (found.assumed or "")


def test_solutions_of_different_exposures_are_not_compared(services, images) -> None:
    one, other = (of_image(services, image, " ").id for image in images)
    with pytest.raises(UsageError, match="different images"):
        services.wcs_diff.diff(one, other)


def test_a_headerlet_that_was_exported_is_ingested_and_is_the_same_wcs(
    services, images, tmp_path
) -> None:
    primary = of_image(services, images[0], " ")
    out = tmp_path / "out" / "of 2026" / f"{images[0].stem}_hlet.fits"
    before = images[0].read_bytes()
    outcome = services.wcs_ledger.export(primary.id, out)
    assert outcome.residual_mas < 1e-6
    assert outcome.hdr_name == f"{images[0].stem}_{primary.wcs_name}-hlet.fits"
    assert images[0].read_bytes() == before and outcome.sha256 == sha256_of(out)
    (ingested,) = services.ingest.ingest([out])
    assert ingested.status is IngestStatus.NEW and ingested.rootname == outcome.rootname
    (headerlet,) = solutions(services, origin=SolutionOrigin.HEADERLET)
    assert headerlet.version.product.kind is ProductKind.HLET
    assert headerlet.version.product.exposure.rootname == outcome.rootname
    found = services.wcs_diff.diff(primary.id, headerlet.id)
    assert found.max_mas < 1e-6 and found.cause == []
    with pytest.raises(UsageError, match="exists"):
        services.wcs_ledger.export(primary.id, out)


@both_detectors
def test_stwcs_applies_an_exported_headerlet_to_the_original_file(
    services, images, tmp_path
) -> None:
    """The headerlet has all digits; stwcs keeps 14 of them, here 6e-7 (IR) to 2e-6 mas (UVIS)."""
    alternate = of_image(services, images[0], "A")
    out = tmp_path / f"{images[0].stem}_hlet.fits"
    services.wcs_ledger.export(alternate.id, out)
    applied = Path(shutil.copyfile(images[0], tmp_path / images[0].name))
    code = "import sys; from stwcs.wcsutil.headerlet import apply_headerlet_as_primary as apply; "
    code += "apply(*sys.argv[1:], attach=True, archive=True)"
    subprocess.run([sys.executable, "-c", code, applied, out], check=True, cwd=tmp_path)
    services.wcs_ledger.restore(alternate.id)
    wanted, found = read_hstwcs(newest(services, images[0])), read_hstwcs(applied)
    assert difference(read_hstwcs(images[0]), found).median_mas > 1.0
    assert difference(wanted, found).max_mas < 5e-6


def test_a_headerlet_of_an_unknown_exposure_is_rejected(services, tmp_path) -> None:
    path = tmp_path / "x_hlet.fits"
    path.write_bytes(headerlet_bytes(destination="jabc01xyq"))
    (outcome,) = services.ingest.ingest([path])
    assert outcome.status is IngestStatus.REJECTED
    assert "jabc01xyq, which is not in the ledger" in (outcome.reason or "")


def test_a_headerlet_and_its_exposure_may_come_in_one_batch(
    sqlite_ledger_url, tmp_path, images
) -> None:
    rootname = images[0].name[:9]
    (images[0].parent / "a_hlet.fits").write_bytes(headerlet_bytes(destination=rootname))
    services = Services.open(sqlite_ledger_url, tmp_path / "data")
    outcomes = services.ingest.ingest([images[0].parent])
    assert {Path(one.path).suffix for one in outcomes} == {".fits"}
    assert Path(outcomes[-1].path).name == "a_hlet.fits"
    assert [one.status for one in outcomes] == [IngestStatus.NEW] * len(outcomes)
    services.close()


def _embed(services, image: Path, crval_deg: tuple[float, float] | None) -> AlignmentSolution:
    """Give an exposure a headerlet: the WCS it has moved, or one without any distortion."""
    with fits.open(image) as hdus:
        chips = [_moved(hdu.header) for hdu in hdus if hdu.name == "SCI"]
    if crval_deg is not None:
        chips = [chip_cards(crval_deg, name=GAIA) for _ in chips]
    append_hdrlet(image, headerlet_bytes(chips, name=GAIA), name=GAIA)
    services.ingest.ingest([image])
    (found,) = solutions(services, origin=SolutionOrigin.HEADERLET)
    return found


def _moved(header: fits.Header) -> dict[str, object]:
    wanted = ("CRPIX", "CRVAL", "CTYPE", "CD1_", "CD2_", "A_", "B_")
    cards = {key: header[key] for key in header if key.startswith(wanted) and key[-1] != "A"}
    alternate = {key: value for key, value in cards.items() if key[-1] not in "BCO"}
    return {**alternate, "CRVAL2": header["CRVAL2"] + 1e-5, "WCSNAME": GAIA}


@both_detectors
def test_a_headerlet_extension_is_restored(services, images) -> None:
    headerlet = _embed(services, images[0], None)
    assert headerlet.wcs_key is None and headerlet.hdr_name == f"of {GAIA}"
    outcome = services.wcs_ledger.restore(headerlet.id)
    assert outcome.status is SolutionStatus.APPLIED
    assert outcome.shift_mas == pytest.approx(36.0, abs=0.1)
    with fits.open(newest(services, images[0])) as hdus:
        assert hdus["SCI", 1].header["HDRNAME"] == f"of {GAIA}"


@pytest.mark.parametrize("simulated", [SimDetector.UVIS], indirect=True, ids=str)
def test_a_headerlet_with_a_chip_elsewhere_is_restored_with_a_finding(services, images) -> None:
    with fits.open(images[0]) as hdus:
        chips = [_moved(hdus["SCI", extver].header) for extver in (1, 2)]
        name = hdus["SCI", 1].header["WCSNAME"].split("-")[0] + "-FIT_REL_GAIADR2"
    chips[1]["CRVAL2"] += 300 / 3.6e6
    chips = [{**chip, "WCSNAME": name} for chip in chips]
    own = headerlet_bytes(chips, name=name, destination=images[0].name[:9])
    append_hdrlet(images[0], own, name=name)
    services.ingest.ingest([images[0]])
    (headerlet,) = solutions(services, origin=SolutionOrigin.HEADERLET)
    outcome = services.wcs_ledger.restore(headerlet.id)
    assert outcome.status is SolutionStatus.APPLIED
    assert re.match(r"SCI,2 lies 29\d mas elsewhere from SCI,1 than by IDC_", outcome.reason or "")
    with services.context.store.reading() as session:
        found = session.query(Finding).filter_by(kind=FindingKind.DOUBTFUL_FILE).all()
        assert [one.message for one in found] == [outcome.reason]


@pytest.mark.parametrize("simulated", [SimDetector.UVIS], indirect=True, ids=str)
def test_a_headerlet_that_lacks_a_chip_is_refused_before_anything_begins(
    services, images, tmp_path
) -> None:
    with fits.open(images[0]) as hdus:
        first = {**_moved(hdus["SCI", 1].header), "WCSNAME": GAIA}
    append_hdrlet(images[0], headerlet_bytes([first], name=GAIA), name=GAIA)
    services.ingest.ingest([images[0]])
    (headerlet,) = solutions(services, origin=SolutionOrigin.HEADERLET)
    with pytest.raises(StateError, match=rf"has no WCS for SCI,2 of {images[0].name}"):
        services.wcs_ledger.restore(headerlet.id)
    with services.context.store.reading() as session:
        assert session.query(Restoration).count() == 0
    assert services.wcs_ledger.export(headerlet.id, tmp_path / "x_hlet.fits").residual_mas == 0.0


def test_a_headerlet_extension_is_exported_as_it_is(services, images, tmp_path) -> None:
    headerlet = _embed(services, images[0], None)
    outcome = services.wcs_ledger.export(headerlet.id, tmp_path / "x_hlet.fits")
    assert outcome.residual_mas == 0.0
    assert outcome.hdr_name == headerlet.hdr_name == f"of {GAIA}"
    assert f"'{GAIA}'".encode() in (tmp_path / "x_hlet.fits").read_bytes()


def test_what_cannot_be_written_as_it_was_is_failed_and_nothing_is_kept(services, images) -> None:
    """A headerlet with another distortion than the file."""
    headerlet = _embed(services, images[0], (85.25, -2.45))
    before = newest(services, images[0])
    outcome = services.wcs_ledger.restore(headerlet.id)
    assert outcome.status is SolutionStatus.FAILED and outcome.version is None
    assert outcome.residual_mas > RESTORED_LIMIT_MAS
    assert "distortion" in (outcome.reason or "")
    assert newest(services, images[0]) == before
    with services.context.store.reading() as session:
        failed = session.get_one(AlignmentSolution, outcome.solution)
        assert failed.wcs_key is None and failed.applied_at is None
        assert session.get_one(Restoration, failed.activity_id).status is ActivityStatus.FAILED
        current = session.query(Product).filter_by(filename=images[0].name).one().latest
        assert current.current_solution is not None
        assert current.current_solution.origin is SolutionOrigin.ARCHIVE
        assert current.current_solution.superseded_by_id is None


def test_an_unreadable_headerlet_extension_is_a_finding(services, images) -> None:
    append_hdrlet(images[0], b"\x1f\x8bdamaged", extver=7)
    services.ingest.ingest(images[:1])
    with services.context.store.reading() as session:
        found = session.query(Finding).filter_by(kind=FindingKind.REJECTED_FILE).one()
        assert found.message.startswith("HDRLET,7")


def test_restoring_is_the_same_on_both_databases(ledger_url, tmp_path, images) -> None:
    services = Services.open(ledger_url, tmp_path / "data")
    append_hdrlet(images[0], headerlet_bytes(name=GAIA), name=GAIA)
    services.ingest.ingest(images)
    outcome = services.wcs_ledger.restore(of_image(services, images[0], "A").id)
    with services.context.store.reading() as session:
        rootname = session.query(Exposure).order_by(Exposure.rootname).first().rootname
    history = services.solutions.history(rootname)
    assert [row["origin"] for row in history if row["id"] == outcome.solution] == ["restored"]
    assert "headerlet" in {row["origin"] for row in history}
    services.close()
