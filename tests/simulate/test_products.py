"""Pipeline products: with a stand-in for AstroDrizzle, and with the real one."""

import shutil

import pytest
from astropy.io import fits

from skydb.domain.vocabulary import Flavour, SkyMethod
from skydb.drizzle.astrodrizzle import AstroDrizzle
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import ToolError
from skydb.files.reader import read_facts
from skydb.simulate.detectors import detector
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.products import Association, Pipeline
from skydb.simulate.verify import sky_error


class CopyingMaker:
    """Copies the first exposure as the product and writes a sky of 7 into the copies."""

    def make_products(self, jobs, scratch):
        made = []
        for job in jobs:
            directory = scratch / job.output
            directory.mkdir()
            for path in job.inputs:
                copy = shutil.copy(path, directory)
                with fits.open(copy, mode="update") as hdus:
                    for hdu in hdus:
                        if hdu.name == "SCI":
                            hdu.header["MDRIZSKY"] = 7.0 + hdu.ver
            made.append(directory / f"{job.output}_drz.fits")
            shutil.copy(job.inputs[0], made[-1])
        return made


class FailingMaker:
    """Fails as AstroDrizzle does, with its log in the scratch directory."""

    def make_products(self, jobs, scratch):
        log = scratch / "astrodrizzle.log"
        log.write_text("No valid images")
        raise ToolError("AstroDrizzle", "made nothing", log=log)


@pytest.fixture
def visits(tmp_path):
    """Pipeline input: (detector, [association]) of one small UVIS visit."""
    plan = FieldPlan(SimDetector.UVIS, tiles=(1, 1), size=64, products=False, stars=5)
    truth = simulate_field(tmp_path, plan)
    camera = detector(plan.detector, plan.size)
    paths = tuple(tmp_path / exposure.path for exposure in truth.exposures)
    return camera, [Association(truth.visits[0].asn_id, paths)]


def test_exposures_keep_the_sky_of_the_pipeline(visits, tmp_path):
    camera, groups = visits
    Pipeline(camera, CopyingMaker()).run(groups, tmp_path, lambda _: None)
    for path in groups[0].exposures:
        with fits.open(path) as hdus:
            assert [hdus["SCI", extver].header["MDRIZSKY"] for extver in (1, 2)] == [8.0, 9.0]


def test_a_product_is_named_after_its_association(visits, tmp_path):
    camera, groups = visits
    (product,) = Pipeline(camera, CopyingMaker()).run(groups, tmp_path, lambda _: None)
    assert product == tmp_path / "ibxl50010_drc.fits"
    header = fits.getheader(product)
    assert header["ROOTNAME"] == "ibxl50010"
    assert header["ASN_ID"] == "IBXL50010"
    assert header["DATE"] == "2023-12-15"


def test_a_failed_pipeline_leaves_its_log_beside_the_exposures(visits, tmp_path):
    camera, groups = visits
    with pytest.raises(ToolError, match=r"products\.log"):
        Pipeline(camera, FailingMaker()).run(groups, tmp_path, lambda _: None)
    assert (tmp_path / "products.log").read_text() == "No valid images"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [(SimDetector.IR, 0.02), (SimDetector.UVIS, 2.0), (SimDetector.WFC, 2.0)],
    ids=str,
)
def test_real_astrodrizzle_takes_the_files_and_matches_their_skies(name, tolerance, tmp_path):
    plan = FieldPlan(name, tiles=(2, 1), size=256, seed=4)
    truth = simulate_field(tmp_path / "field", plan)
    assert len(truth.products) == 2
    for visit in truth.visits:
        check_product(tmp_path / "field" / visit.product, visit)
    paths = [tmp_path / "field" / exposure.path for exposure in truth.exposures]
    assert all(fits.getval(path, "MDRIZSKY", ext=("SCI", 1)) > 0.3 for path in paths)
    outcome = AstroDrizzle(DrizzlepacRunner(timeout_s=300)).drizzle(
        paths, SkyMethod.MATCH, AstroDrizzleSettings(), tmp_path / "run", "mosaic"
    )
    values = {(sky.filename[:9], sky.extver): sky.mdrizsky for sky in outcome.skies}
    assert sky_error(truth, values, relative=True).rms < tolerance


def check_product(path, visit):
    with fits.open(path) as hdus:
        assert [hdu.name for hdu in hdus[1:]] == ["SCI", "WHT", "CTX", "HDRTAB"]
        science = hdus["SCI"].header
        members = {row["ROOTNAME"].strip() for row in hdus["HDRTAB"].data}
        assert hdus[0].header["D001DATA"].startswith(visit.members[0])
        assert hdus[0].header["NDRIZIM"] >= len(visit.members)
    assert members == set(visit.members)
    assert science["WCSNAME"] == visit.wcs_name
    assert science.get("NMATCHES", -1) == (visit.nmatches or -1)
    check_members(path)


def check_members(path):
    """The table of a product keeps the WCS of every chip to the last digit."""
    product = read_facts(path)
    assert product.flavour is Flavour.PIPELINE
    for row in product.member_wcs:
        (exposure,) = path.parent.glob(f"{row.rootname}_fl[tc].fits")
        facts = read_facts(exposure)
        (chip,) = (chip for chip in facts.primary.chips if chip.extver == row.extver)
        assert (row.wcs_name, row.idctab, row.cal_ver) == (
            facts.primary.name.text,
            facts.idctab,
            facts.cal_ver,
        )
        assert (row.crval_deg, row.crpix_pix, row.cd_deg) == (
            chip.crval_deg,
            chip.crpix_pix,
            chip.cd_deg,
        )
