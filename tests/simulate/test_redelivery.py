"""A field delivered again: what moved, what stayed, and what its truth says."""

import hashlib
import json
import math
import shutil

import numpy as np
import pytest
from astropy.io import fits

from skydb.errors import FileRejectedError, NotFoundError, UnreadableFileError, UsageError
from skydb.files.products import read_hstwcs
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.redelivery import Redelivery, redeliver_field
from skydb.simulate.truth import FieldTruth
from skydb.simulate.verify import pointing_error_mas
from skydb.sky.displacement import displacement
from tests.commands import skydb


def digests(directory):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.iterdir()
        if path.is_file()
    }


@pytest.fixture(scope="module")
def redelivered(field, tmp_path_factory):
    """(field, its truth, redelivered field, its truth) of each detector."""
    directory, truth, _ = field
    before, out = digests(directory), tmp_path_factory.mktemp("redelivered")
    new = redeliver_field(directory, Redelivery(), out)
    assert digests(directory) == before
    return directory, truth, out, new


def test_every_exposure_moved_by_the_stated_shift_and_nothing_else(redelivered):
    old, truth, new, _ = redelivered
    for exposure in truth.exposures:
        moved = displacement(read_hstwcs(old / exposure.path), read_hstwcs(new / exposure.path))
        assert moved.median_mas == pytest.approx(40.0, abs=1e-3)
        assert moved.max_mas == pytest.approx(40.0, abs=1e-3)
        assert moved.north_mas == pytest.approx(40.0, abs=1e-3)
        assert moved.rotation_deg == pytest.approx(0.0, abs=1e-6)
        assert moved.scale == pytest.approx(1.0, abs=1e-8)


def test_the_shift_can_be_chosen_and_be_none(field, tmp_path):
    directory, truth, _ = field
    name = truth.exposures[0].path
    for shift in (0.0, -250.0):
        redeliver_field(directory, Redelivery(shift_mas=shift), tmp_path)
        moved = displacement(read_hstwcs(directory / name), read_hstwcs(tmp_path / name))
        assert moved.north_mas == pytest.approx(shift, abs=1e-3)


def test_the_truth_tells_the_pointing_error_of_the_new_files(redelivered):
    _, truth, new, told = redelivered
    for old, exposure in zip(truth.exposures, told.exposures, strict=True):
        assert exposure.dx_arcsec == pytest.approx(old.dx_arcsec, abs=1e-7)
        assert exposure.dy_arcsec == pytest.approx(old.dy_arcsec + 0.040, abs=1e-7)
        error = math.hypot(exposure.dx_arcsec, exposure.dy_arcsec)
        assert exposure.pointing_error_arcsec == pytest.approx(error)
        worst = pointing_error_mas(told, exposure.rootname, new / exposure.path)
        roll_mas = abs(exposure.roll_error_deg) * 20 / 57.3 * 1000
        assert worst == pytest.approx(1000 * error, abs=roll_mas + 0.01)
        assert exposure.chips == old.chips


def test_the_sky_is_that_of_the_recalibrated_pixels(redelivered):
    old, truth, new, told = redelivered
    for before, after in zip(truth.exposures, told.exposures, strict=True):
        assert after.sky == pytest.approx(1.001 * before.sky)
        for chip in before.chips:
            first, second = (
                fits.getdata(where / before.path, ("SCI", chip.extver)) for where in (old, new)
            )
            np.testing.assert_allclose(second, 1.001 * first, rtol=1e-6)


def test_the_truth_names_the_new_solutions(redelivered):
    _, _, new, told = redelivered
    for visit in told.visits:
        for rootname in visit.members:
            header = fits.getheader(new / told.exposure(rootname).path, ("SCI", 1))
            assert header["WCSNAME"] == visit.wcs_name
            assert header.get("NMATCHES", -1) == (visit.nmatches or -1)


def test_the_redelivery_is_a_field_with_a_truth_of_the_same_keys(redelivered):
    old, _, new, told = redelivered
    assert FieldTruth.load(new) == told
    first, second = (json.loads((where / "truth.json").read_text()) for where in (old, new))
    assert first.keys() == second.keys()
    assert first["exposures"][0].keys() == second["exposures"][0].keys()
    for name in (told.catalog, told.refcat, told.stars):
        assert (new / name).read_bytes() == (old / name).read_bytes()


def test_the_same_redelivery_gives_the_same_bytes(redelivered, tmp_path):
    directory, _, new, _ = redelivered
    redeliver_field(directory, Redelivery(), tmp_path)
    assert digests(tmp_path) == digests(new)


def test_a_redelivery_can_be_delivered_again(redelivered, tmp_path):
    _, _, new, told = redelivered
    again = redeliver_field(new, Redelivery(), tmp_path)
    path = told.exposures[0].path
    headers = [fits.getheader(where / path) for where in (new, tmp_path)]
    assert headers[1]["DATE"] > headers[0]["DATE"]
    assert headers[1]["IDCTAB"] != headers[0]["IDCTAB"]
    assert again.exposures[0].dy_arcsec == pytest.approx(told.exposures[0].dy_arcsec + 0.040)


def test_only_the_exposures_asked_for_are_delivered(field, tmp_path):
    directory, truth, _ = field
    wanted = truth.exposures[1].rootname
    told = redeliver_field(directory, Redelivery(only=(wanted,)), tmp_path)
    assert [exposure.rootname for exposure in told.exposures] == [wanted]
    assert [path.name[:9] for path in tmp_path.glob("*.fits")] == [wanted]
    (visit,) = told.visits
    assert visit.members == (wanted,)


def test_what_cannot_be_delivered_is_named(field, tmp_path):
    directory, _, _ = field
    with pytest.raises(NotFoundError, match="ixxx99xxq"):
        redeliver_field(directory, Redelivery(only=("ixxx99xxq",)), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(NotFoundError, match="skydb simulate"):
        redeliver_field(tmp_path, Redelivery())
    with pytest.raises(UsageError, match="holds the field itself"):
        redeliver_field(directory, Redelivery(), directory)
    with pytest.raises(UsageError, match="nan"):
        Redelivery(shift_mas=math.nan)


def test_a_lost_exposure_is_named(field, tmp_path):
    directory, truth, _ = field
    shutil.copytree(directory, tmp_path / "field", ignore=shutil.ignore_patterns("redelivered"))
    (tmp_path / "field" / truth.exposures[0].path).unlink()
    with pytest.raises(UnreadableFileError, match=truth.exposures[0].path):
        redeliver_field(tmp_path / "field", Redelivery())


def test_a_file_with_another_wcs_than_it_was_made_with_is_not_delivered(tmp_path):
    plan = FieldPlan(tiles=(2, 1), dithers=1, size=64, products=False, stars=5)
    truth = simulate_field(tmp_path, plan)
    first, second = truth.exposures
    fits.setval(tmp_path / first.path, "WCSNAME", value="IDC_w3m18525i-FIT_SKYDB_gaia", ext=1)
    with pytest.raises(FileRejectedError, match=r"FIT_SKYDB_gaia, and IDC_.* by truth\.json"):
        redeliver_field(tmp_path, Redelivery())
    assert not (tmp_path / "redelivered").exists()
    told = redeliver_field(tmp_path, Redelivery(only=(second.rootname,)))
    assert [exposure.rootname for exposure in told.exposures] == [second.rootname]


def test_the_command_answers_with_the_new_truth(tmp_path):
    plan = FieldPlan(tiles=(2, 1), dithers=1, size=64, products=False, stars=5)
    truth = simulate_field(tmp_path, plan)
    first, second = (exposure.rootname for exposure in truth.exposures)
    rows = skydb("simulate", tmp_path, "--redeliver", "--json").document
    assert [row["rootname"] for row in rows] == [first, second]
    assert FieldTruth.load(tmp_path / "redelivered").exposures[0].sky == rows[0]["sky"]
    out = tmp_path / "elsewhere"
    words = ("--redeliver", "--only", f"{first},{second.upper()}", "--out", out, "--shift-mas", 7)
    rows = skydb("simulate", tmp_path, *words, "--json").document
    assert [row["rootname"] for row in rows] == [first, second]
    moved = displacement(*(read_hstwcs(at / truth.exposures[0].path) for at in (tmp_path, out)))
    assert moved.median_mas == pytest.approx(7.0, abs=1e-3)
    assert skydb("simulate", tmp_path, "--redeliver", "--only", "ibxl99zzq").code == 4


@pytest.fixture(scope="module", params=[SimDetector.IR, SimDetector.WFC], ids=str)
def with_products(request, tmp_path_factory):
    """(field, truth, redelivered field, its truth) of two visits: one whole, one in part."""
    directory = tmp_path_factory.mktemp(f"products_{request.param}")
    truth = simulate_field(directory, FieldPlan(request.param, tiles=(2, 1), size=96, seed=4))
    before = digests(directory)
    whole, part = truth.visits
    told = redeliver_field(directory, Redelivery(only=(*whole.members, part.members[0])))
    assert digests(directory) == before
    return directory, truth, directory / "redelivered", told


@pytest.mark.slow
def test_a_product_is_made_anew_of_the_redelivered_exposures(with_products):
    old, truth, new, told = with_products
    product = told.visits[0].product
    assert told.products == (product,) == (truth.visits[0].product,)
    with fits.open(old / product) as before, fits.open(new / product) as after:
        member = fits.getheader(new / told.exposures[0].path)
        assert after["SCI"].header["WCSNAME"] == told.visits[0].wcs_name
        assert after[0].header["IDCTAB"] == member["IDCTAB"] != before[0].header["IDCTAB"]
        assert after[0].header["DATE"] == member["DATE"] > before[0].header["DATE"]
        shift = after["SCI"].header["CRVAL2"] - before["SCI"].header["CRVAL2"]
        assert shift * 3.6e6 == pytest.approx(40.0, abs=0.01)
        sky = [hdus["HDRTAB"].data["MDRIZSKY"].max() for hdus in (before, after)]
        assert sky[1] == pytest.approx(1.001 * sky[0], rel=1e-5)


@pytest.mark.slow
def test_a_visit_of_which_a_part_is_delivered_has_no_new_product(with_products):
    _, truth, new, told = with_products
    assert told.visits[1].product is None
    assert not (new / truth.visits[1].product).exists()


@pytest.mark.slow
def test_a_product_keeps_the_header_of_every_chip_of_its_members(with_products):
    old, truth, new, told = with_products
    for directory, field in ((old, truth), (new, told)):
        visit = field.visits[0]
        rows = fits.getdata(directory / visit.product, "HDRTAB")
        chips = len(field.exposures[0].chips)
        keys = [(row["ROOTNAME"], int(row["EXTVER"])) for row in rows]
        assert keys == [(name, chip + 1) for name in visit.members for chip in range(chips)]
        for row in rows:
            path = directory / field.exposure(row["ROOTNAME"]).path
            primary = fits.getheader(path)
            science = fits.getheader(path, ("SCI", row["EXTVER"]))
            for card in ("CAL_VER", "OPUS_VER", "IDCTAB", "DATE", "PROCTIME", "FILENAME"):
                assert row[card] == primary[card]
            for card in MEMBER_CARDS:
                assert row[card] == science[card]


MEMBER_CARDS = (
    *("EXPNAME", "WCSNAME", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"),
    *("CD1_1", "CD1_2", "CD2_1", "CD2_2", "A_2_0", "B_0_2", "ORIENTAT", "MDRIZSKY"),
)
