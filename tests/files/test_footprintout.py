"""Footprints in files: what went in comes out, at RA 0 and at the poles too."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skydb.errors import UsageError
from skydb.files.footprintout import Footprint, write_footprints, writer_for
from tests.services.footprints import SIDE_DEG, box

PLACES = st.tuples(
    st.sampled_from([0.0, 359.999, 180.0, 85.25]) | st.floats(0, 359.999),
    st.sampled_from([0.0, 90.0, -90.0, 89.999, -89.99]) | st.floats(-90, 90),
)


def _footprints(*places: tuple[float, float]) -> list[Footprint]:
    return [Footprint(f"chip[{n}]", [np.array(box(place))]) for n, place in enumerate(places, 1)]


def _apart_arcsec(outline: np.ndarray, corners: SkyCoord) -> float:
    own = SkyCoord(outline[:, 0], outline[:, 1], unit="deg")
    return float(own.separation(corners).arcsec.max())


@settings(max_examples=12, deadline=None)
@given(place=PLACES)
def test_regions_and_json_have_the_corners(place: tuple[float, float]) -> None:
    from regions import Regions

    (footprint,) = _footprints(place)
    with TemporaryDirectory() as directory:
        out, plain = Path(directory) / "a.reg", Path(directory) / "a.json"
        write_footprints(out, [footprint])
        write_footprints(plain, [footprint])
        (region,) = Regions.read(out, format="ds9")
        document = json.loads(plain.read_text())
    assert region.meta["text"] == "chip[1]"
    assert _apart_arcsec(footprint.outlines_deg[0], region.vertices) < 1e-4
    assert (document["frame"], document["unit"]) == ("ICRS", "deg")
    (outline,) = document["footprints"][0]["polygons_deg"]
    assert np.array_equal(outline, footprint.outlines_deg[0])


@settings(max_examples=8, deadline=None)
@given(place=PLACES)
def test_a_map_covers_what_the_chips_cover_and_little_more(place: tuple[float, float]) -> None:
    from mocpy import MOC

    with TemporaryDirectory() as directory:
        out = Path(directory) / "a.moc.fits"
        write_footprints(out, _footprints(place, place, (place[0], -place[1])), order=16)
        covered = MOC.from_fits(out)
    assert covered.contains_lonlat(place[0] * u.deg, place[1] * u.deg).all()
    if abs(place[1]) > SIDE_DEG:
        covered_deg2 = covered.sky_fraction * 4 * np.pi * np.degrees(1) ** 2
        assert 1.0 < covered_deg2 / (2 * SIDE_DEG**2) < 1.1


@pytest.mark.parametrize(
    ("name", "order"), [("a.fits", 18), ("a", 18), ("no/a.reg", 18), ("a.moc.fits", 30)]
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    tmp_path: Path, name: str, order: int
) -> None:
    with pytest.raises(UsageError):
        write_footprints(tmp_path / name, _footprints((1, 2)), order)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused_with_all_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"\.reg \(DS9\), \.moc\.fits or \.json; or, .* \.png, "):
        writer_for(Path("field.xyz"))
