"""A WCS built from its numbers puts every pixel where astropy's reading of the header does."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import FileRejectedError
from skydb.files.cardscan import ScannedHeader
from skydb.files.reader import read_facts
from skydb.files.structure import open_skeleton
from skydb.files.tangent import tangent_wcs
from tests.files.builders import ImageBuilder, chip_cards

ARCSEC = 3600.0
EDGE = np.array([[0.5, 0.5], [16.0, 0.5], [32.5, 12.1], [32.5, 24.5], [7.3, 11.9]])
SIP = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2}
TABLES = {
    f"{kind}{axis}": "LOOKUP" for kind in ("CPDIS", "D2IMDIS") for axis in (1, 2)
}  # fmt: skip

TERMS = st.floats(-1e-3, 1e-3)
LINEAR = st.floats(-1e-4, 1e-4).filter(lambda value: abs(value) > 1e-8)


@st.composite
def headers(draw: st.DrawFn) -> dict[str, object]:
    """Cards of a chip: CD or PC, with and without SIP, and what may stand beside."""
    cards = chip_cards((draw(st.floats(0, 360)), draw(st.floats(-89.9, 89.9))))
    cards |= {"CRPIX1": draw(st.floats(-500, 500)), "CRPIX2": draw(st.floats(-500, 500))}
    if draw(st.booleans()):
        cards |= {"CD1_2": draw(LINEAR), "CD2_1": draw(LINEAR)}
    else:
        cards = {key: value for key, value in cards.items() if not key.startswith("CD")}
        cards |= {
            "CDELT1": draw(LINEAR),
            "CDELT2": draw(LINEAR),
            "PC1_2": draw(st.floats(-0.5, 0.5)),
        }
    if draw(st.booleans()):
        cards |= SIP | {"A_ORDER": draw(st.integers(2, 5)), "B_ORDER": draw(st.integers(2, 5))}
        places = st.tuples(st.integers(0, 5), st.integers(0, 5))
        for letter in "AB":
            for i, j in draw(st.sets(places, max_size=5)):
                cards[f"{letter}_{i}_{j}"] = draw(TERMS) * 1e-2 ** (i + j)
    beside = {"LONPOLE": 180.0, "LATPOLE": 20.0, "CUNIT1": "deg", "WCSAXES": 2, "RADESYS": "ICRS"}
    return cards | {key: beside[key] for key in draw(st.sets(st.sampled_from(sorted(beside))))}


def separation_arcsec(first: np.ndarray, second: np.ndarray) -> float:
    """Largest separation of two lists of positions."""
    ra = (first[:, 0] - second[:, 0] + 180.0) % 360.0 - 180.0
    east = ra * np.cos(np.radians(second[:, 1]))
    return float(np.hypot(east, first[:, 1] - second[:, 1]).max()) * ARCSEC


def positions(path: Path) -> tuple[list[np.ndarray | None], list[np.ndarray]]:
    """Positions of EDGE by our WCS, None where it is refused, and by astropy's, chip by chip."""
    with warnings.catch_warnings(), open_skeleton(path) as skeleton, fits.open(path) as hdus:
        warnings.simplefilter("ignore")
        built = [tangent_wcs(skeleton, chip.scanned) for chip in skeleton.named("SCI")]
        ours = [None if wcs is None else wcs.all_pix2world(EDGE, 1) for wcs in built]
        chips = [hdu for hdu in hdus if hdu.name == "SCI"]
        return ours, [WCS(hdu.header, hdus).all_pix2world(EDGE, 1) for hdu in chips]


@given(headers())
def test_sip_and_the_linear_terms_are_those_of_astropy(cards) -> None:
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), *cards.items()])
    ours = tangent_wcs(None, ScannedHeader(header.tostring().encode()))  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = WCS(header).all_pix2world(EDGE, 1)
    assert ours is not None
    assert separation_arcsec(ours.all_pix2world(EDGE, 1), expected) < 1e-6


def with_tables(image: ImageBuilder, seed: int = 3, **cards: object) -> Path:
    """An image whose chip refers to two tables of each kind, of other sizes and steps."""
    random = np.random.default_rng(seed)
    image.chips = [chip_cards() | SIP | {"A_2_0": 3e-4, "B_0_2": -2e-4} | TABLES]
    for number, name in enumerate(("D2IMARR", "D2IMARR", "WCSDVARR", "WCSDVARR")):
        table = fits.ImageHDU(
            random.normal(size=(4, 5)).astype("f4"), name=name, ver=number % 2 + 1
        )
        steps = {"CRPIX1": 1.0, "CRVAL1": 2.0 + number, "CDELT1": 6.0, "CDELT2": 5.5 + number}
        table.header.update(steps)
        image.extra.append(table)
    path = image.write()
    with fits.open(path, "update") as hdus:
        for stem in ("DP", "D2IM"):
            for axis in (1, 2):
                fields = {"EXTVER": axis, "NAXES": 2, "AXIS.1": 1, "AXIS.2": 2}
                for field, value in fields.items():
                    hdus["SCI"].header[f"{stem}{axis}.{field}"] = float(value)
        hdus["SCI"].header.update(cards)
    return path


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lookup_tables_are_interpolated_as_by_astropy(image: ImageBuilder, seed: int) -> None:
    (ours,), (expected,) = positions(with_tables(image, seed))
    assert ours is not None
    assert separation_arcsec(ours, expected) < 1e-6
    plain = WCS(fits.Header(chip_cards())).all_pix2world(EDGE, 1)
    assert separation_arcsec(ours, plain) > 0.01


@pytest.mark.parametrize(
    "cards",
    [
        {"LONPOLE": 170.0},
        {"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN"},
        {"CUNIT1": "arcsec"},
        {"A_ORDER": 2},
        {"A_ORDER": 1, "B_ORDER": 1},
        {"PV1_1": 1.0},
        {"CROTA2": 20.0},
        {"AP_ORDER": 2, "BP_ORDER": 2},
        {"CRVAL2": 90.0},
        {"CRVAL2": "85"},
        {"CPDIS1": "POLYNOMIAL"},
        {"D2IMERR1": -1.0},
        {"CPDIS1": "LOOKUP"},
        {"CD1_1": 0.0, "CD2_2": 0.0},
        {"PC1_1": 1.0},
        {"WCSAXES": 3},
    ],
)
def test_what_is_unusual_is_left_to_astropy(image: ImageBuilder, cards) -> None:
    image.chips = [chip_cards(name=None) | cards]
    with open_skeleton(image.write()) as skeleton:
        assert tangent_wcs(skeleton, skeleton.named("SCI")[0].scanned) is None


def test_a_keyword_that_stands_twice_is_left_to_astropy(image: ImageBuilder) -> None:
    path = image.write()
    content = path.read_bytes()
    twice = content.replace(b"BUNIT   = 'ELECTRONS/S'".ljust(80), b"CRVAL1  = 1.0".ljust(80))
    assert twice != content
    path.write_bytes(twice)
    with open_skeleton(path) as skeleton:
        assert tangent_wcs(skeleton, skeleton.named("SCI")[0].scanned) is None


@pytest.mark.parametrize("extver", [1, 2])
@pytest.mark.parametrize("extname", ["WCSDVARR", "D2IMARR"])
def test_a_lookup_table_that_is_named_and_lost_is_refused_by_its_name(
    image: ImageBuilder, extname: str, extver: int
) -> None:
    whole = with_tables(image)
    assert read_facts(whole).primary.chips
    lost = whole.with_name(f"lost_{whole.name}")
    with fits.open(whole) as hdus:
        del hdus[extname, extver]
        hdus[0].header.remove("NEXTEND")
        hdus.writeto(lost)
    said = f"SCI,1 names {extname},{extver}, which is not in the file. Restore the file"
    with pytest.raises(FileRejectedError, match=said):
        read_facts(lost)
    with open_skeleton(lost) as skeleton:
        assert tangent_wcs(skeleton, skeleton.named("SCI")[0].scanned) is None


@pytest.mark.parametrize("name", ["wfc3_ir_flt_stub.fits", "wfc3_uvis_flc_stub.fits"])
def test_real_exposures_are_of_the_usual_kind(test_data: Path, name: str) -> None:
    ours, expected = positions(test_data / name)
    for mine, theirs in zip(ours, expected, strict=True):
        assert mine is not None
        assert separation_arcsec(mine, theirs) < 1e-6
