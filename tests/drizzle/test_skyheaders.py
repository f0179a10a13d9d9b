import numpy as np
import pytest
from astropy.io import fits

from skydb.domain.vocabulary import SkyUnit
from skydb.drizzle.effective import SkyReading
from skydb.drizzle.skyheaders import read_skies, remove_sky, table_contradictions, unit_of
from skydb.errors import UnreadableFileError


@pytest.mark.parametrize(
    ("bunit", "unit"),
    [
        ("ELECTRONS/S", SkyUnit.ELECTRON_PER_S),
        ("electron / sec", SkyUnit.ELECTRON_PER_S),
        ("ELECTRONS", SkyUnit.ELECTRON),
        ("COUNTS ", SkyUnit.COUNT),
        ("counts/s", SkyUnit.COUNT_PER_S),
        ("UNITLESS", None),
        ("", None),
    ],
)
def test_bunit_is_understood_in_any_spelling_or_not_at_all(bunit, unit):
    assert unit_of(bunit) is unit


@pytest.fixture
def flc(tmp_path):
    path = tmp_path / "iabc01abq_flc.fits"
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header["EXPTIME"] = 100.0
    for chip, scale in ((1, 0.04), (2, 0.05)):
        header = fits.Header({"BUNIT": "ELECTRONS", "IDCSCALE": scale, "MDRIZSKY": 10.0 * chip})
        hdus.append(fits.ImageHDU(np.zeros((2, 3)), header, name="SCI", ver=chip))
    hdus.writeto(path)
    return path


def test_the_sky_of_every_chip_is_read_with_its_unit(flc):
    fits.setval(flc, "EXPTIME", value=7.0, extname="SCI", extver=1)  # the primary one counts
    first, second = read_skies([flc])
    assert (first.filename, first.extver, first.mdrizsky) == ("iabc01abq_flc.fits", 1, 10.0)
    assert first.unit is SkyUnit.ELECTRON
    assert first.brightness == pytest.approx(10.0 / (0.04**2 * 100.0))
    assert second.brightness == pytest.approx(20.0 / (0.05**2 * 100.0))


def test_without_idcscale_the_scale_is_that_of_the_flat_field_or_of_the_wcs_as_for_skypac(flc):
    with fits.open(flc, "update") as hdus:
        for extver in (1, 2):
            del hdus["SCI", extver].header["IDCSCALE"]
        hdus["SCI", 1].header["PAMSCALE"] = 0.05
        hdus["SCI", 2].header.update({"CD1_1": -0.02 / 3600, "CD2_2": 0.08 / 3600, "CD1_2": 0.0})
    first, second = read_skies([flc])
    assert first.brightness == pytest.approx(10.0 / (0.05**2 * 100.0))
    assert second.brightness == pytest.approx(20.0 / (0.04**2 * 100.0))


def test_a_pristine_copy_has_no_sky_at_all(flc):
    remove_sky(flc)
    assert [reading.mdrizsky for reading in read_skies([flc])] == [None, None]


def test_a_mosaic_table_that_differs_is_told(tmp_path):
    path = tmp_path / "mosaic_drz_sci.fits"
    columns = [
        fits.Column("ROOTNAME", "9A", array=np.array(["iabc01abq", "iabc01abq"])),
        fits.Column("EXTVER", "K", array=np.array([1, 2])),
        fits.Column("MDRIZSKY", "D", array=np.array([10.0, 21.0])),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="HDRTAB")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    readings = [SkyReading("iabc01abq_flc.fits", n, 10.0 * n, None) for n in (1, 2)]
    assert table_contradictions(path, readings) == [
        "iabc01abq_flc.fits chip 2 has MDRIZSKY 20.0, the mosaic's table 21"
    ]


@pytest.mark.parametrize(("stated", "told"), [(0.0, 0), (np.nan, 0), (3.0, 1)])
def test_a_chip_without_a_sky_may_have_none_in_the_mosaic_table(tmp_path, stated, told):
    path = tmp_path / "mosaic_drz_sci.fits"
    columns = [
        fits.Column("ROOTNAME", "9A", array=np.array(["iabc01abq"])),
        fits.Column("EXTVER", "K", array=np.array([1])),
        fits.Column("MDRIZSKY", "D", array=np.array([stated])),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="HDRTAB")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    reading = SkyReading("iabc01abq_flc.fits", 1, None, None)
    assert len(table_contradictions(path, [reading])) == told


def test_a_mosaic_without_a_table_contradicts_nothing(tmp_path):
    path = tmp_path / "mosaic_drz_sci.fits"
    fits.PrimaryHDU().writeto(path)
    assert table_contradictions(path, [SkyReading("a_flt.fits", 1, 1.0, None)]) == []


def test_a_file_that_is_not_fits_is_refused(tmp_path):
    path = tmp_path / "a_flt.fits"
    path.write_bytes(b"nothing")
    with pytest.raises(UnreadableFileError, match="cannot be opened"):
        read_skies([path])
