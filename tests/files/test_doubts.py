"""Doubtful values are reported with their card; ordinary files have none."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from hypothesis import example, given
from hypothesis import strategies as st

from skydb.errors import FileRejectedError
from skydb.files.reader import read_facts
from tests.files.builders import WFC3_IR, ImageBuilder, chip_cards


@pytest.mark.parametrize(
    ("cards", "doubt"),
    [
        ({"DATE-OBS": "nonsense"}, "DATE-OBS is 'nonsense', which is not a date of HST."),
        ({"DATE-OBS": "2012-13-45"}, "DATE-OBS is '2012-13-45', which is not a date of HST."),
        ({"DATE-OBS": "1858-11-17"}, "DATE-OBS is '1858-11-17', which is not a date of HST."),
        ({"EXPSTART": None}, "EXPSTART is missing; the time of the exposure is unknown."),
        ({"EXPSTART": 0.0}, "EXPSTART is 0, when HST was not in space (MJD)."),
        ({"EXPEND": 1e9}, "EXPEND is 1000000000, when HST was not in space (MJD)."),
        ({"EXPEND": 56244.4}, "EXPEND is before EXPSTART."),
        ({"EXPTIME": -1.0}, "EXPTIME is -1 s, which is out of range."),
        ({"EXPTIME": 1e30}, "EXPTIME is 1e+30 s, which is out of range."),
        ({"RA_TARG": 1e6}, "RA_TARG is 1e+06, which is out of range (degrees)."),
        ({"DEC_TARG": -90.5}, "DEC_TARG is -90.5, which is out of range (degrees)."),
        ({"PA_V3": 1e9}, "PA_V3 is 1e+09, which is out of range (degrees)."),
        ({"NEXTEND": -1}, "NEXTEND is -1."),
    ],
)
def test_a_card_that_cannot_be_right_is_told(
    image: ImageBuilder, cards: dict[str, object], doubt: str
) -> None:
    image.primary |= cards
    assert read_facts(image.write()).doubts == (doubt,)


@pytest.mark.parametrize(
    "cards",
    [
        {"DATE-OBS": "2012-11-13"},
        {"DATE-OBS": "13/11/94"},
        {"EXPEND": 56244.5},
        {"EXPTIME": 0.0},
        {"EXPTIME": 8.64e6},
        {"RA_TARG": 360.0, "DEC_TARG": 90.0, "PA_V3": 360.0},
        {"RA_TARG": 0.0, "DEC_TARG": -90.0, "PA_V3": -1.0},
        {"NEXTEND": 3},
    ],
)
def test_what_files_of_the_archive_say_is_not_doubted(
    image: ImageBuilder, cards: dict[str, object]
) -> None:
    image.primary |= cards
    assert read_facts(image.write()).doubts == ()


@pytest.mark.parametrize(
    ("bunit", "said"),
    [("", "is missing"), ("furlong", "is 'furlong', which is not a unit of a sky")],
)
def test_an_image_without_a_unit_is_told_by_chip(
    image: ImageBuilder, bunit: str, said: str
) -> None:
    image.chips = [chip_cards(), chip_cards() | {"BUNIT": bunit}]
    assert read_facts(image.write()).doubts == (f"BUNIT of SCI,2 {said}: its sky has no unit.",)


def test_a_chip_without_its_flags_and_errors_is_told(image: ImageBuilder) -> None:
    path = image.write()
    fits.setval(path, "EXTVER", value=9, ext=("SCI", 1))
    assert read_facts(path).doubts == ("SCI,9 has no ERR,9.", "SCI,9 has no DQ,9.")


def test_a_drizzled_product_needs_neither_flags_nor_a_time(image: ImageBuilder) -> None:
    image.path = image.path.with_name("ibxl50030_drz.fits")
    image.primary |= {"ROOTNAME": "ibxl50030", "NDRIZIM": 1, "EXPSTART": None}
    image.companions, image.bunit = ("WHT",), ""
    image.chips = [chip_cards(is_rectified=True)]
    assert read_facts(image.write()).doubts == ()


def _summed(path: Path) -> tuple[Path, list[dict[str, int]]]:
    """A file with sums in every HDU, and where these begin."""
    with fits.open(path) as hdus:
        hdus.writeto(path.with_name("summed_flt.fits"), checksum=True)
    path = path.with_name("summed_flt.fits")
    with fits.open(path) as hdus:
        return path, [hdus.fileinfo(number) for number in range(len(hdus))]


@given(
    number=st.integers(0, 3),
    where=st.sampled_from(["header", "data"]),
    at=st.integers(0, 2**30),
    bit=st.integers(0, 7),
)
@example(number=2, where="header", at=730, bit=3)
@example(number=0, where="header", at=13040, bit=7)
def test_a_bit_that_changed_anywhere_is_told_or_refused(
    tmp_path_factory: pytest.TempPathFactory, number: int, where: str, at: int, bit: int
) -> None:
    directory = tmp_path_factory.mktemp("sums")
    path, places = _summed(ImageBuilder(directory / "ibxl50ivq_flt.fits").write())
    assert read_facts(path).doubts == ()
    place = places[number]
    start, end = place["hdrLoc"], place["datLoc"]
    if where == "data" and place["datSpan"]:
        start, end = end, end + place["datSpan"]
    content = bytearray(path.read_bytes())
    content[start + at % (end - start)] ^= 1 << bit
    path.write_bytes(content)
    try:
        doubts = read_facts(path).doubts
    except FileRejectedError:
        return
    card = "DATASUM" if start == place["datLoc"] else "(CHECKSUM|DATASUM)"
    name = ("PRIMARY", "SCI", "ERR", "DQ")[number]
    text = f"{card} of HDU {number} [(]"
    # A bit in the card EXTNAME changes the name by which the HDU goes, one in CHECKSUM its sum.
    assert any(re.match(text, doubt) for doubt in doubts) or _is_blank_sum(path, number), name


def _is_blank_sum(path: Path, number: int) -> bool:
    """Test that a change hit the keyword of a sum, or the quote that begins it: none is stated."""
    with warnings.catch_warnings():
        # The bit may be one that no text in ASCII has.
        warnings.simplefilter("ignore", AstropyUserWarning)
        with fits.open(path) as hdus:
            header = hdus[number].header
            stated = [isinstance(header.get(key), str) for key in ("CHECKSUM", "DATASUM")]
    return not all(stated)


@pytest.mark.parametrize("value", ["", "  ", None])
def test_sums_that_are_left_open_or_not_there_are_no_doubt(
    image: ImageBuilder, value: str | None
) -> None:
    image.chips[0] |= {"DATASUM": value, "CHECKSUM": value}
    assert read_facts(image.write()).doubts == ()


@pytest.mark.parametrize("value", ["12x", "-1", 1])
def test_a_sum_that_is_another_number_or_none_is_told(image: ImageBuilder, value: object) -> None:
    image.chips[0] |= {"DATASUM": value}
    (doubt,) = read_facts(image.write()).doubts
    assert doubt.startswith("DATASUM of HDU 1 (SCI) does not hold: it is damaged, or was changed")


WRONG = ("NaN", "Inf", "'x'", "T", "1E400", "-1E30", "9" * 19, "", "''", "(1, 2)", "'\x00'")


def _replaced(path: Path, card: str, value: str) -> Path:
    """A file with one card of another value, as no library would write it."""
    content = path.read_bytes()
    at = content.index(f"{card:<8}=".encode())
    image = f"{card:<8}= {value:>20}".ljust(80).encode()
    path.write_bytes(content[:at] + image + content[at + 80 :])
    return path


@given(st.sampled_from(sorted({*chip_cards()} - {"WCSNAME", "IDCSCALE"})), st.sampled_from(WRONG))
@example("A_2_0", "Inf")
@example("A_2_0", "T")
@example("A_ORDER", "1E400")
def test_a_wcs_card_that_is_no_number_never_passes(
    tmp_path_factory: pytest.TempPathFactory, card: str, value: str
) -> None:
    path = ImageBuilder(tmp_path_factory.mktemp("cards") / "ibxl50ivq_flt.fits").write()
    is_left_out = card.startswith(("CRPIX", "CD")) and value == ""
    try:
        facts = read_facts(_replaced(path, card, value))
    except FileRejectedError:
        return
    assert is_left_out and facts.primary.chips


@given(
    st.sampled_from(sorted({*WFC3_IR, *chip_cards(), "NEXTEND", "BUNIT"})), st.sampled_from(WRONG)
)
def test_no_card_of_any_value_is_more_than_a_rejected_file(
    tmp_path_factory: pytest.TempPathFactory, card: str, value: str
) -> None:
    path = ImageBuilder(tmp_path_factory.mktemp("cards") / "ibxl50ivq_flt.fits").write()
    try:
        facts = read_facts(_replaced(path, card, value))
    except FileRejectedError as error:
        assert error.path == path and error.reason
        return
    assert facts.facts.rootname.text == "ibxl50ivq"


def test_flags_with_fractions_are_doubted_and_constant_ones_are_not(image: ImageBuilder) -> None:
    path = image.write()
    said = "DQ,1 has numbers with fractions, not flags: no run can use it."
    with fits.open(path) as hdus:
        hdus["DQ"].data = hdus["DQ"].data.astype("f4")
        hdus.writeto(path.with_name("fractions_flt.fits"))
        empty = fits.ImageHDU(name="DQ", ver=1)
        empty.header.update({"PIXVALUE": 0, "NPIX1": 32, "NPIX2": 24, "BITPIX": -32})
        hdus[hdus.index_of("DQ")] = empty
        hdus.writeto(path.with_name("constant_flt.fits"))
    assert read_facts(path.with_name("fractions_flt.fits")).doubts == (said,)
    assert read_facts(path.with_name("constant_flt.fits")).doubts == ()
