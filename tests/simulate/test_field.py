"""Files of a simulated field, against its truth."""

import hashlib
import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import sigma_clipped_stats
from astropy.table import QTable

from skydb.domain.values import WcsName
from skydb.domain.vocabulary import SkyUnit, WcsKind
from skydb.errors import UnreadableFileError
from skydb.files.reader import read_facts
from skydb.simulate.detectors import detector
from skydb.simulate.field import simulate_field
from skydb.simulate.geometry import LinearWcs
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.scene import Stars
from skydb.simulate.truth import FieldTruth

CCDS = [SimDetector.UVIS, SimDetector.WFC]
FILTER_CARDS = {
    SimDetector.IR: {"FILTER": "F160W"},
    SimDetector.UVIS: {"FILTER": "F606W"},
    SimDetector.WFC: {"FILTER1": "F606W", "FILTER2": "CLEAR2L"},
}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def chips_of(directory, exposure):
    """(chip truth, SCI data, DQ data, SCI header) of an exposure."""
    with fits.open(directory / exposure.path, memmap=False) as hdus:
        return [
            (chip, hdus["SCI", chip.extver].data, hdus["DQ", chip.extver].data,
             hdus["SCI", chip.extver].header)
            for chip in exposure.chips
        ]  # fmt: skip


def test_the_same_plan_gives_the_same_bytes(field, tmp_path):
    directory, _, plan = field
    simulate_field(tmp_path, plan)
    names = sorted(path.name for path in directory.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        assert digest(directory / name) == digest(tmp_path / name), name


def test_another_seed_gives_another_field(field, tmp_path):
    directory, truth, plan = field
    other = simulate_field(
        tmp_path, FieldPlan(plan.detector, plan.tiles, size=plan.size, seed=6, products=False)
    )
    name = truth.exposures[0].path
    assert digest(directory / name) != digest(tmp_path / name)
    assert other.exposures[0].sky != truth.exposures[0].sky


def test_the_truth_survives_its_file(field):
    directory, truth, _ = field
    assert FieldTruth.load(directory) == truth
    assert FieldTruth.load(directory / "truth.json") == truth


def test_the_truth_file_has_the_keys_of_the_contract(field):
    directory, _, _ = field
    data = json.loads((directory / "truth.json").read_text())
    assert {"field", "seed", "detector", "catalog", "epoch", "visits", "products"} <= set(data)
    assert {"rootname", "path", "visit", "sky", "sky_unit", "pointing_error_arcsec"} <= set(
        data["exposures"][0]
    )
    assert {"extver", "crpix", "crval", "cd"} <= set(data["exposures"][0]["chips"][0])


def test_files_have_the_planes_and_types_of_their_kind(field):
    directory, truth, plan = field
    with fits.open(directory / truth.exposures[0].path) as hdus:
        names = [hdu.name for hdu in hdus[1:]]
        types = {hdu.name: hdu.data.dtype.newbyteorder("=").name for hdu in hdus[1:]}
        shapes = {hdu.data.shape for hdu in hdus[1:]}
        assert hdus[0].header["NEXTEND"] == len(names)
    if plan.detector is SimDetector.IR:
        assert names == ["SCI", "ERR", "DQ", "SAMP", "TIME"]
        assert shapes == {(128, 128)}
    else:
        assert names == ["SCI", "ERR", "DQ"] * 2
        assert shapes == {(96, 192)}
    assert types["SCI"] == types["ERR"] == "float32"
    assert types["DQ"] == "int16"


def test_the_sky_is_the_clipped_median_of_an_empty_image(starless):
    for name in SimDetector:
        directory, truth = starless(name)
        for exposure in truth.exposures:
            for _, data, dq, _ in chips_of(directory, exposure):
                good = data[dq == 0]
                _, median, sigma = sigma_clipped_stats(good, sigma=3)
                # 1.25 sigma/sqrt(n) is the error of a median; counts are skewed by a third.
                skewness = 0.34 if exposure.sky_unit is SkyUnit.ELECTRON else 0.34 / 699
                tolerance = 5 * 1.25 * sigma / np.sqrt(good.size) + skewness
                assert abs(median - exposure.sky) < tolerance


def test_the_error_plane_is_the_scatter_of_the_pixels(starless):
    for name in SimDetector:
        directory, truth = starless(name)
        with fits.open(directory / truth.exposures[0].path) as hdus:
            good = hdus["DQ", 1].data == 0
            scatter, stated = hdus["SCI", 1].data[good].std(), np.median(hdus["ERR", 1].data[good])
        assert stated == pytest.approx(scatter, rel=0.03)


def test_hot_pixels_are_flagged_high_and_always_the_same(starless):
    for name in SimDetector:
        directory, truth = starless(name)
        hot = []
        for exposure in truth.exposures:
            _, data, dq, _ = chips_of(directory, exposure)[0]
            is_hot = (dq & 16) > 0
            hot.append(is_hot)
            assert 0.0005 < is_hot.mean() < 0.005
            assert data[is_hot].mean() > data[dq == 0].mean() + 0.1 * exposure.sky
        np.testing.assert_array_equal(hot[0], hot[1])


@pytest.mark.parametrize("name", CCDS, ids=str)
def test_cosmic_rays_of_a_ccd_are_flagged(starless, name):
    directory, truth = starless(name)
    hits = 0
    for exposure in truth.exposures:
        for _, data, dq, _ in chips_of(directory, exposure):
            hits += int(((dq & 8192) > 0).sum())
            good = data[dq == 0]
            assert good.max() < exposure.sky + 7 * np.sqrt(exposure.sky + 10)
    assert hits > 4


@pytest.mark.parametrize("name", list(SimDetector))
def test_stars_land_where_the_true_wcs_says(name, tmp_path):
    plan = FieldPlan(name, tiles=(2, 1), size=256, seed=5, products=False, stars=70, nebula=0.0)
    directory, truth = tmp_path, simulate_field(tmp_path, plan)
    table = QTable.read(directory / truth.stars)
    stars = Stars(
        truth.epoch,
        *(table[name].value for name in ("ra", "dec", "pmra", "pmdec")),
        flux=10 ** (-0.4 * table["phot_g_mean_mag"].value),
        g_mag=table["phot_g_mean_mag"].value,
    )
    models = {chip.extver: chip for chip in detector(plan.detector, plan.size).chips}
    offsets = []
    for exposure in truth.exposures:
        for chip, data, dq, _ in chips_of(directory, exposure):
            wcs = LinearWcs(chip.crpix, chip.crval, chip.cd)
            now = stars.at(exposure.epoch)
            x, y = wcs.sky_to_pixel(now.ra_deg, now.dec_deg, models[chip.extver].sip)
            offsets += centroid_offsets(data, dq, x - 1, y - 1)
    offsets = np.array(offsets)
    assert len(offsets) > 40
    assert np.abs(np.median(offsets, axis=0)).max() < 0.01
    assert np.abs(offsets.mean(axis=0)).max() < 0.01
    assert np.sqrt((offsets**2).mean()) < 0.05


def centroid_offsets(data, dq, x, y, half=4):
    """Centroid minus expectation of the bright, clean, lonely stars of an image."""
    found = []
    ny, nx = data.shape
    background = np.median(data)
    for x0, y0 in zip(x, y, strict=True):
        near = np.hypot(x - x0, y - y0) < 3 * half
        inside = half + 1 < x0 < nx - half - 2 and half + 1 < y0 < ny - half - 2
        if not inside or near.sum() > 1:
            continue
        column, row = round(x0), round(y0)
        box = np.s_[row - half : row + half + 1, column - half : column + half + 1]
        stamp, signal = data[box] - background, data[box].max() - background
        if dq[box].any() or signal < 100 * sigma_clipped_stats(data)[2]:
            continue
        grid_y, grid_x = np.mgrid[-half : half + 1, -half : half + 1]
        total = stamp.sum()
        found.append(
            (
                column + (grid_x * stamp).sum() / total - x0,
                row + (grid_y * stamp).sum() / total - y0,
            )
        )
    return found


def test_primary_headers_say_what_an_archive_needs(field):
    directory, truth, plan = field
    for exposure in truth.exposures:
        header = fits.getheader(directory / exposure.path)
        assert header["ROOTNAME"] == exposure.rootname
        assert header["FILENAME"] == exposure.path
        assert header["PROPOSID"] == 12812
        assert header["TARGNAME"] == "HORSEHEAD"
        assert header["DETECTOR"] == plan.detector
        assert {**header["FILTER*"]} == FILTER_CARDS[plan.detector]
        assert header["ASN_ID"][1:6].lower() == f"bxl{exposure.visit}"
        epoch = 2000 + (header["EXPSTART"] - 51544.5) / 365.25
        assert epoch == pytest.approx(exposure.epoch, abs=1e-4)


def test_a_camera_names_itself_its_software_and_its_chips(field):
    directory, truth, plan = field
    expected = {
        SimDetector.IR: ("WFC3", "i", "3.7.1 (Oct-18-2023)", "iref$w3m18525i_idc.fits", [None]),
        SimDetector.UVIS: ("WFC3", "i", "3.7.1 (Oct-18-2023)", "iref$2731450pi_idc.fits", [2, 1]),
        SimDetector.WFC: ("ACS", "j", "10.3.5 (08-Feb-2022)", "jref$4bb1536oj_idc.fits", [2, 1]),
    }[plan.detector]
    for exposure in truth.exposures:
        header = fits.getheader(directory / exposure.path)
        chips = [chip.get("CCDCHIP") for *_, chip in chips_of(directory, exposure)]
        named = (header["INSTRUME"], exposure.rootname[0], header["CAL_VER"], header["IDCTAB"])
        assert (*named, chips) == expected
        assert header["PRIMESI"] == header["PHOTMODE"].split()[0] == header["INSTRUME"]
        assert header["ASN_ID"].lower().startswith(exposure.rootname[0])


@pytest.mark.parametrize(
    ("element", "wheels"),
    [("F606W", ("F606W", "CLEAR2L")), ("F814W", ("CLEAR1L", "F814W"))],
)
def test_a_filter_of_the_advanced_camera_is_in_its_own_wheel(element, wheels, tmp_path):
    plan = FieldPlan(
        SimDetector.WFC, tiles=(1, 1), dithers=1, size=64, products=False, filter_name=element
    )
    truth = simulate_field(tmp_path, plan)
    header = fits.getheader(tmp_path / truth.exposures[0].path)
    assert (header["FILTER1"], header["FILTER2"]) == wheels
    assert header["PHOTMODE"] == f"ACS WFC1 {element}"
    assert read_facts(tmp_path / truth.exposures[0].path).facts.filters == element


def test_science_headers_carry_the_history_of_the_wcs(field):
    directory, truth, plan = field
    idctab = detector(plan.detector).idctab
    names = {visit.visit: visit for visit in truth.visits}
    for exposure in truth.exposures:
        visit = names[exposure.visit]
        for _, _, _, header in chips_of(directory, exposure):
            assert header["WCSNAMEO"] == "OPUS"
            assert header["WCSNAMEA"] == f"IDC_{idctab}"
            assert header["WCSNAME"] == visit.wcs_name
            assert header["CTYPE1"] == "RA---TAN-SIP"
            assert header["CTYPE1O"] == "RA---TAN"
            kind = WcsName.parse(header["WCSNAME"]).kind
            if kind is WcsKind.FIT:
                assert header["NMATCHES"] == visit.nmatches
                assert header["RMS_RA"] == visit.rms_ra_mas
                assert header["CRDER1"] == pytest.approx(visit.rms_ra_mas / 3.6e6)
            else:
                assert kind is WcsKind.A_PRIORI
                assert header.get("NMATCHES", -1) == -1
                assert header.get("RMS_RA", -1.0) == -1.0


def test_all_manners_of_no_value_occur_in_one_archive(tmp_path):
    plan = FieldPlan(tiles=(4, 2), dithers=1, size=64, products=False, stars=20, seed=2)
    truth = simulate_field(tmp_path, plan)
    manners = set()
    for visit in truth.visits:
        header = fits.getheader(tmp_path / truth.exposure(visit.members[0]).path, "SCI")
        claimed = header.get("NMATCHES", "absent")
        manners.add(claimed if visit.nmatches is None else "fit")
    assert manners == {"fit", -1, "absent"}


def test_progress_is_told_visit_by_visit(tmp_path):
    told = []
    plan = FieldPlan(tiles=(2, 1), dithers=1, size=64, products=False, stars=5)
    simulate_field(tmp_path, plan, progress=told.append)
    assert told == ["exposing visit 50 (1 of 2)", "exposing visit 51 (2 of 2)"]


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnreadableFileError, match="file"):
        simulate_field(tmp_path / "file" / "field", FieldPlan(size=64, products=False))


def test_importing_the_simulator_is_light():
    import subprocess
    import sys

    code = (
        "import sys, skydb.simulate.field, skydb.simulate.verify; "
        "print([m for m in ('astropy', 'scipy', 'drizzlepac', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
