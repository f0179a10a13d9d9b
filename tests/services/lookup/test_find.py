"""Searches by position find exactly what a look at every footprint finds."""

from __future__ import annotations

import numpy as np
import pytest

from skydb.api.composition import Services
from skydb.domain.values import unit_vectors
from skydb.errors import NotFoundError, UsageError
from skydb.sky.regions import Circle, Polygons
from skydb.sky.spherical import outlines_of
from skydb.store.scope import Scope
from tests.ledgers import interface_of
from tests.services.footprints import Observatory, box, wcs_of

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
#: Where a survey in right ascension and declination breaks.
HARD_PLACES = [(0.0, 0.0), (359.99, 40.0), (0.01, -40.0), (0.0, 90.0), (77.0, 89.98), (5.0, -89.99)]


def name_of(number: int, program: str = "abc") -> str:
    return f"i{program}{LETTERS[number // 36]}{LETTERS[number % 36]}abq"


def crowded(services: Services) -> Services:
    """Footprints at hard places, among them large ones and many that are superseded."""
    random = np.random.default_rng(20)
    with services.context.store.writing() as session:
        sky = Observatory(session)
        for number in range(72):
            place = HARD_PLACES[number % len(HARD_PLACES)]
            offset = tuple(random.uniform(-0.1, 0.1, 2))
            side = 3.0 if number % 25 == 7 else 0.036
            here = box(place, side, random.uniform(0, 6), offset)
            elsewhere = box(place, side, 0.1, tuple(random.uniform(-0.1, 0.1, 2)))
            product = sky.expose(name_of(number), wcs_of(elsewhere), wcs_of(here, key="A"))
            sky.file(product, product.exposure.as_facts, wcs_of(here), wcs_of(elsewhere, key="A"))
        session.commit()
    return services


def everything(services: Services):
    """All rows of the view, and their outlines."""
    answer = services.plain.sql(
        "SELECT rootname, extver, s_region FROM v_footprints ORDER BY rootname, extver"
    )
    return [row[0] for row in answer.rows], outlines_of([row[2] for row in answer.rows])


REGIONS = [
    *(Circle(*place, radius) for place in HARD_PLACES for radius in (0.0, 0.02, 1.0)),
    *(Polygons([np.array(box(place, 0.1))]) for place in HARD_PLACES),
    Circle(0.0, 0.0, 180.0),
]


def test_a_search_finds_what_a_look_at_every_footprint_finds(services_anywhere):
    crowd = crowded(services_anywhere)
    names, outlines = everything(crowd)
    assert len(names) == 72
    found = 0
    for region in REGIONS:
        touched, held = region.meets(outlines)
        rows = crowd.finder.find(region)
        assert sorted(row["rootname"] for row in rows) == sorted(np.array(names)[touched])
        assert {row["rootname"] for row in rows if row["contains"]} == set(np.array(names)[held])
        found += len(rows)
    assert found > 150


def test_the_nearest_come_first_and_separations_are_those_of_the_middles(services):
    rows = crowded(services).finder.find(Circle(0.0, 90.0, 0.05))
    away = [row["separation_deg"] for row in rows]
    assert away == sorted(away)
    for row in rows:
        middle = unit_vectors(np.array([[row["ra_deg"], row["dec_deg"]]]))[0]
        assert np.degrees(np.arccos(middle[2])) == pytest.approx(row["separation_deg"], abs=1e-9)


def test_the_first_cut_is_made_by_the_index(services_anywhere):
    statement = (
        "SELECT solution_id FROM chip_solutions c WHERE c.z BETWEEN 0.5 AND 0.501"
        " AND c.radius_deg > 0 AND c.radius_deg <= 0.05"
    )
    engine = services_anywhere.context.store.engine
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if not is_sqlite:
            # A table of a few rows is read whole, whatever its indexes.
            connection.exec_driver_sql("SET enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        plan = str(connection.exec_driver_sql(explain + statement).fetchall())
    assert "ix_chip_solutions_z_radius_deg" in plan


def filled(services: Services) -> Services:
    """Two chips of one exposure, a neighbour, a product of both, and something far away."""
    with services.context.store.writing() as session:
        sky = Observatory(session)
        here, beside = box((85.0, -2.0)), box((85.0, -2.0), offset_deg=(0.03, 0.0))
        sky.expose("ibxl50aaq", wcs_of(here, box((85.0, -2.04))), kind="flc", detector="UVIS",
                   filters="F606W;F814W")  # fmt: skip
        sky.expose("ibxl51aaq", wcs_of(beside), proposal_id=99)
        sky.drizzle("ibxl51010", ["ibxl51aaq", "ibxl50aaq"], wcs_of(box((85.0, -2.0), 0.2)))
        sky.expose("ibxl52aaq", wcs_of(box((185.0, 2.0))))
        session.commit()
    return services


@pytest.fixture
def field(services: Services) -> Services:
    return filled(services)


@pytest.fixture
def field_anywhere(services_anywhere: Services) -> Services:
    return filled(services_anywhere)


def names(rows):
    return {(row["rootname"] or row["product"], row["extver"]) for row in rows}


def test_a_position_is_found_in_the_chips_that_hold_it(field):
    rows = field.finder.search({"position": ("85.0", "-2:00:00")})
    assert names(rows) == {("ibxl50aaq", 1), ("ibxl51010_drz.fits", 1)}
    assert all(row["contains"] for row in rows)


def test_what_overlaps_an_exposure_is_found_by_its_name_without_itself(field_anywhere):
    expected = {("ibxl51aaq", 1), ("ibxl51010_drz.fits", 1)}
    assert names(field_anywhere.finder.overlapping("ibxl50aaq")) == expected
    assert names(field_anywhere.finder.overlapping("ibxl51010_drz.fits")) == {
        ("ibxl50aaq", 1), ("ibxl50aaq", 2), ("ibxl51aaq", 1)
    }  # fmt: skip


def test_only_a_product_that_holds_all_chips_contains_an_exposure(field):
    rows = field.finder.overlapping("ibxl50aaq")
    assert {row["product"]: row["contains"] for row in rows} == {
        "ibxl51010_drz.fits": True,
        "ibxl51aaq_flt.fits": False,
    }


def test_a_search_can_be_held_to_filter_detector_and_proposal(field_anywhere):
    cone = {"cone": (85.0, -2.0, 60)}
    for traits, expected in (
        # A product by any of its members.
        (Scope(filter="f606w"), {("ibxl50aaq", 1), ("ibxl51010_drz.fits", 1)}),
        (Scope(detector="ir"), {("ibxl51aaq", 1), ("ibxl51010_drz.fits", 1)}),
        (Scope(proposal_id=99), {("ibxl51aaq", 1), ("ibxl51010_drz.fits", 1)}),
    ):
        assert names(field_anywhere.finder.search(cone, traits)) == expected
    with pytest.raises(NotFoundError, match="filters here: F160W"):
        field_anywhere.finder.search(cone, Scope(filter="F606W", detector="IR"))


def test_a_product_is_found_by_the_filter_and_detector_of_its_first_exposure(field):
    rows = field.finder.search({"position": (85.0, -2.0)})
    (product,) = [row for row in rows if row["kind"] == "drz"]
    assert (product["filter"], product["detector"]) == ("F160W", "IR")


def test_a_name_that_is_not_in_the_ledger_is_not_found(field):
    with pytest.raises(NotFoundError, match="ibxl99zzq"):
        field.finder.overlapping("ibxl99zzq")


@pytest.mark.parametrize("ways", [{}, {"position": ("1", "2"), "overlapping": "x"},
                                  {"position": ("1", "2", "3")}, {"cone": 5}])  # fmt: skip
def test_a_search_that_makes_no_sense_is_wrong_usage(services, ways):
    with pytest.raises(UsageError):
        services.finder.search(ways)


def test_an_empty_ledger_has_nothing_anywhere(services_anywhere):
    assert services_anywhere.finder.find(Circle(0, 0, 180.0)) == []


def test_the_python_interface_answers_with_a_table(field):
    found = interface_of(field).find(position=(85.0, -2.0), filter="F160W")
    assert [chip.product for chip in found] == ["ibxl51010_drz.fits"]
    assert str(found["separation_deg"].unit) == "deg"
    assert len(interface_of(field).find(position=(0.0, 50.0))) == 0


@pytest.mark.parametrize(
    ("radius", "refused"),
    [("-1", True), ("180.1deg", True), ("648001", True), ("180deg", False), ("0", False)],
)
def test_a_cone_is_no_wider_than_the_sky(services: Services, radius: str, *, refused: bool) -> None:
    search = {"cone": ("85.25", "-2.45", radius)}
    if not refused:
        assert services.finder.search(search) == []
        return
    with pytest.raises(UsageError, match=r"half a circle|Invalid angle") as caught:
        services.finder.search(search)
    assert caught.value.advice
