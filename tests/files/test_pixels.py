import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import SkyUnit
from skydb.errors import FileRejectedError, NotHstImageError, TruncatedFileError
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.files.builders import read_pixels


@pytest.fixture(scope="module")
def uvis(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pixels")
    plan = FieldPlan(SimDetector.UVIS, (1, 1), dithers=1, size=64, seed=1, products=False)
    simulate_field(directory, plan)
    (path,) = directory.glob("*_flc.fits")
    return path


def _changed(path, tmp_path, change):
    with fits.open(path) as hdus:
        change(hdus)
        hdus.writeto(tmp_path / path.name)
    return tmp_path / path.name


def test_the_exposure_time_is_that_of_the_primary_header_as_for_skypac(uvis, tmp_path) -> None:
    def another(hdus):
        hdus["SCI", 1].header["EXPTIME"] = 100.0

    def moved(hdus):
        hdus["SCI", 1].header["EXPTIME"] = hdus[0].header.pop("EXPTIME")

    whole = _changed(uvis, tmp_path, another)
    stated = fits.getheader(uvis)["EXPTIME"]
    assert read_pixels(whole)[1].exptime_s == stated
    whole.unlink()
    assert read_pixels(_changed(uvis, tmp_path, moved))[1].exptime_s == stated


def test_every_chip_has_its_pixels_flags_and_meaning(uvis) -> None:
    chips = read_pixels(uvis)
    assert sorted(chips) == [1, 2]
    with fits.open(uvis) as hdus:
        for extver, chip in chips.items():
            np.testing.assert_array_equal(chip.science, hdus["SCI", extver].data)
            assert chip.quality is not None
            np.testing.assert_array_equal(chip.quality, hdus["DQ", extver].data)
            assert chip.pixel_scale_arcsec == hdus["SCI", extver].header["IDCSCALE"]
        assert chips[1].exptime_s == hdus[0].header["EXPTIME"]
    assert (chips[1].unit, chips[1].is_rate) == (SkyUnit.ELECTRON, False)
    assert chips[1].science.dtype == np.float32 and chips[1].science.shape == (32, 64)
    assert chips[1].wcs.pixel_shape == (64, 32)


def test_a_rate_and_a_missing_unit_are_taken_as_skypac_does(uvis, tmp_path) -> None:
    def change(hdus):
        hdus["SCI", 1].header["BUNIT"] = "ELECTRONS/S"
        del hdus["SCI", 2].header["BUNIT"]

    chips = read_pixels(_changed(uvis, tmp_path, change))
    assert (chips[1].unit, chips[1].is_rate) == (SkyUnit.ELECTRON_PER_S, True)
    assert (chips[2].unit, chips[2].is_rate) == (None, True)


def test_without_idcscale_the_scale_is_that_of_the_wcs(uvis, tmp_path) -> None:
    path = _changed(uvis, tmp_path, lambda h: h["SCI", 1].header.remove("IDCSCALE"))
    assert read_pixels(path)[1].pixel_scale_arcsec == pytest.approx(0.0396, rel=0.03)


def test_flags_that_are_all_one_number_are_an_array(uvis, tmp_path) -> None:
    def change(hdus):
        header = hdus["DQ", 1].header
        constant = fits.ImageHDU(name="DQ", ver=1)
        constant.header.update(NPIX1=header["NAXIS1"], NPIX2=header["NAXIS2"], PIXVALUE=4)
        hdus[hdus.index_of(("DQ", 1))] = constant

    quality = read_pixels(_changed(uvis, tmp_path, change))[1].quality
    assert quality is not None and quality.shape == (32, 64) and (quality == 4).all()


def test_a_file_without_flags_has_none(uvis, tmp_path) -> None:
    def change(hdus):
        del hdus["DQ", 1]

    assert read_pixels(_changed(uvis, tmp_path, change))[1].quality is None


def test_a_truncated_file_is_rejected(uvis, tmp_path) -> None:
    cut = tmp_path / uvis.name
    cut.write_bytes(uvis.read_bytes()[:-20000])
    with pytest.raises(TruncatedFileError):
        read_pixels(cut)


def test_a_file_without_images_is_rejected(tmp_path) -> None:
    path = tmp_path / "ibxl50clq_flt.fits"
    fits.PrimaryHDU().writeto(path)
    with pytest.raises(NotHstImageError):
        read_pixels(path)


def test_a_cube_is_rejected(uvis, tmp_path) -> None:
    def change(hdus):
        hdus["DQ", 1].data = np.zeros((2, 32, 64), dtype=np.int16)

    with pytest.raises(FileRejectedError, match="two dimensions"):
        read_pixels(_changed(uvis, tmp_path, change))


def test_flags_that_are_no_whole_numbers_are_rejected(uvis, tmp_path) -> None:
    def change(hdus):
        hdus["DQ", 1].data = np.zeros((32, 64), dtype=np.float32)

    with pytest.raises(FileRejectedError, match="not integers"):
        read_pixels(_changed(uvis, tmp_path, change))


def test_scaled_numbers_are_what_they_mean(uvis, tmp_path) -> None:
    flags = np.arange(32 * 64, dtype=np.uint16).reshape(32, 64) + 40000

    def change(hdus):
        hdus["DQ", 1].data = flags

    path = _changed(uvis, tmp_path, change)
    assert fits.getheader(path, ("DQ", 1))["BZERO"] == 32768
    np.testing.assert_array_equal(read_pixels(path)[1].quality, flags)
