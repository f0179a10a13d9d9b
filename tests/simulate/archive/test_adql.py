"""Supported ADQL, and refusal of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.simulate.archive.adql import AdqlError, Query
from skydb.simulate.archive.catalog import CatalogStars

GRID = np.array([(ra, dec) for ra in (359.0, 0.0, 1.0) for dec in (-1.0, 0.0, 1.0)])
STARS = CatalogStars(
    {
        "source_id": np.arange(9),
        "ra": GRID[:, 0],
        "dec": GRID[:, 1],
        "phot_g_mean_mag": np.arange(9, 18, dtype=float),
        "radial_velocity": np.array([np.nan] * 8 + [1.0]),
    }
)
POINT = "POINT('ICRS', ra, dec)"


def select(text: str) -> dict:
    return Query.parse(text).select(STARS)


def ids(where: str, rest: str = "") -> list[int]:
    found = select(f"SELECT source_id FROM gaiadr3.gaia_source AS g WHERE {where} {rest}")
    return found["source_id"].tolist()


@pytest.mark.parametrize(
    "where",
    [
        f"1 = CONTAINS({POINT}, CIRCLE('ICRS', 0, 0, 1.1))",
        f"1=CONTAINS({POINT},CIRCLE('ICRS',0,0,1.1))",
        f"CONTAINS({POINT}, CIRCLE('ICRS', 0.0, 0.0, 1.1)) = 1",
        "1 = contains(point(g.ra, g.dec), circle(0, 0, 1.1))",
        f"1=CONTAINS({POINT}, CIRCLE(POINT('ICRS', 0, 0), 1.1))",
        f"DISTANCE({POINT}, POINT('ICRS', 0, 0)) < 1.1",
        f"DISTANCE(POINT(0, 0), {POINT}) <= 1.1e0",
        f"(DISTANCE({POINT}, POINT(360.0, -0.0)) < 1.1)",
    ],
)
def test_every_way_to_write_a_cone_finds_the_same_stars(where):
    assert ids(where) == [1, 3, 4, 5, 7]


def test_a_box_and_a_polygon_across_ra_zero():
    assert ids(f"1=CONTAINS({POINT}, BOX('ICRS', 0, 0, 1, 4))") == [3, 4, 5]
    corners = "359.5, -1.5, 1.5, -1.5, 1.5, 0.5, 359.5, 0.5"
    assert ids(f"1=CONTAINS({POINT}, POLYGON('ICRS', {corners}))") == [3, 4, 6, 7]


def test_conditions_are_joined_by_and():
    cone = f"1=CONTAINS({POINT}, CIRCLE('ICRS', 0, 0, 1.1))"
    assert ids(f"{cone} AND phot_g_mean_mag < 14 AND (g.phot_g_mean_mag >= 12)") == [3, 4]
    assert ids("radial_velocity IS NOT NULL") == [8]
    assert ids("source_id = 3") == [3]
    assert ids("source_id <> 3 and ra = 0") == [4, 5]


def test_order_and_names_are_those_of_the_query():
    assert ids("source_id > 5", "ORDER BY phot_g_mean_mag DESC") == [8, 7, 6]
    found = select(
        f"SELECT TOP 2 g.source_id AS id, DISTANCE({POINT}, POINT(1, 1)) AS dist, ra "
        "FROM gaiaedr3.gaia_source g ORDER BY dist ASC;"
    )
    assert list(found) == ["id", "dist", "ra"]
    assert found["id"][0] == 8
    assert Query.parse("SELECT TOP 2 ra FROM gaiadr3.gaia_source").top == 2


def test_all_columns_and_a_count():
    assert set(select("SELECT * FROM gaiadr3.gaia_source")) == set(STARS.columns)
    assert select("SELECT COUNT(*) AS n FROM gaiadr3.gaia_source WHERE ra < 2")["count"] == [6]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DELETE FROM gaiadr3.gaia_source",
        "SELECT ra FROM gaiadr3.other",
        "SELECT colour FROM gaiadr3.gaia_source",
        "SELECT ra+1 FROM gaiadr3.gaia_source",
        "SELECT ra FROM gaiadr3.gaia_source WHERE ra < 1 OR dec < 1",
        "SELECT ra FROM gaiadr3.gaia_source WHERE NOT ra < 1",
        "SELECT ra FROM gaiadr3.gaia_source WHERE (ra < 1",
        f"SELECT ra FROM gaiadr3.gaia_source WHERE 0=CONTAINS({POINT}, CIRCLE(0, 0, 1))",
        f"SELECT ra FROM gaiadr3.gaia_source WHERE 1=CONTAINS({POINT}, CIRCLE(0, 0))",
        f"SELECT ra FROM gaiadr3.gaia_source WHERE 1=CONTAINS({POINT}, POLYGON(0, 0, 1, 1))",
        "SELECT ra FROM gaiadr3.gaia_source ORDER BY colour",
        "SELECT ra FROM gaiadr3.gaia_source ORDER BY ra SIDEWAYS",
        "SELECT ra FROM gaiadr3.gaia_source GROUP BY ra",
    ],
)
def test_whatever_is_not_understood_is_refused(text):
    with pytest.raises(AdqlError):
        select(text)


@given(
    ra=st.floats(0, 360),
    dec=st.floats(-90, 90),
    radius=st.floats(0.001, 5),
    top=st.none() | st.integers(0, 10**9),
)
def test_the_cone_is_the_one_that_was_asked_for(ra, dec, radius, top):
    limit = "" if top is None else f"TOP {top}"
    query = Query.parse(
        f"SELECT {limit} source_id FROM gaiadr3.gaia_source "
        f"WHERE 1 = CONTAINS({POINT}, CIRCLE('ICRS', {ra}, {dec}, {radius}))"
    )
    a, d = np.radians(GRID).T
    cosine = np.sin(d) * np.sin(np.radians(dec)) + np.cos(d) * np.cos(np.radians(dec)) * np.cos(
        a - np.radians(ra)
    )
    near = cosine > np.cos(np.radians(radius + 1e-5))
    surely = cosine > np.cos(np.radians(max(radius - 1e-5, 0)))
    found = np.isin(np.arange(9), query.select(STARS)["source_id"])
    assert query.top == top
    assert (surely <= found).all()
    assert (found <= near).all()
