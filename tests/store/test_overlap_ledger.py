"""Measurements of overlaps are kept by file version, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from skydb.domain import ChipLevel, OverlapMeasurement, SkyOverlap
from skydb.domain.overlap import Level, MeasuredChip, MeasuredOverlap
from skydb.domain.vocabulary import SkyUnit
from skydb.errors import NotFoundError, StateError, StoreError
from skydb.store import overlap_queries
from skydb.store.unit_of_work import Store
from tests.domain.entities import STAMP, version_of

RECIPE, OTHER = "a" * 64, "b" * 64
NAMES = ("ibxl50ivq", "ibxl50iwq", "ibxl50ixq")
CHIP = MeasuredChip(NAMES[0], 1, Level(1.25, 0.01, 900), SkyUnit.ELECTRON_PER_S, 60.8)
PAIR = MeasuredOverlap(
    (NAMES[0], 1), (NAMES[1], 1), 123.5, Level(1.25, 0.01, 400), Level(0.75, 0.02, 390)
)


def _activity() -> OverlapMeasurement:
    return OverlapMeasurement({"recipe": RECIPE}, STAMP)


def _fill(session: Session, recipe: str = RECIPE) -> list[int]:
    """Two exposures with levels and their overlap."""
    first, second = (version_of(f"{name}_flt.fits") for name in NAMES[:2])
    second.sha256 = "d" * 64
    second.product.visit = first.product.visit
    assert second.product.exposure is not None
    second.product.exposure.visit = first.product.visit
    activity = _activity()
    session.add_all([first, second, activity])
    session.add(ChipLevel(first, activity, recipe, CHIP))
    session.add(SkyOverlap((first, second), activity, recipe, PAIR))
    session.flush()
    return [first.id, second.id]


def test_a_measurement_comes_back_as_it_was(store: Store) -> None:
    with store.writing() as session:
        ids = _fill(session)
        session.commit()
    with store.reading() as session:
        (chip,) = overlap_queries.chip_levels(session, ids, RECIPE)
        (pair,) = overlap_queries.sky_overlaps(session, ids, RECIPE)
        assert chip.measured == CHIP
        assert pair.measured == PAIR
        assert isinstance(pair.activity, OverlapMeasurement)


def test_a_side_without_good_pixels_comes_back_without_level(store: Store) -> None:
    blank = MeasuredOverlap(PAIR.first, PAIR.second, 3.0, None, PAIR.second_level)
    with store.writing() as session:
        ids = _fill(session, OTHER)
        first, second = overlap_queries.versions(session, ids)
        session.add(SkyOverlap((first, second), _activity(), RECIPE, blank))
        session.commit()
    with store.reading() as session:
        (pair,) = overlap_queries.sky_overlaps(session, ids, RECIPE)
        assert pair.measured == blank
        assert pair.pixels_a == 0


def test_another_recipe_or_only_one_side_is_not_found(store: Store) -> None:
    with store.writing() as session:
        ids = _fill(session)
        session.commit()
    with store.reading() as session:
        assert overlap_queries.sky_overlaps(session, ids, OTHER) == []
        assert overlap_queries.sky_overlaps(session, ids[:1], RECIPE) == []
        assert overlap_queries.chip_levels(session, ids[1:], RECIPE) == []


def test_the_same_content_is_not_kept_twice(store: Store) -> None:
    with store.writing() as session:
        ids = _fill(session)
        session.commit()
    with pytest.raises(StoreError), store.writing() as session:
        first, second = overlap_queries.versions(session, ids)
        session.add(SkyOverlap((first, second), _activity(), RECIPE, PAIR))
        session.commit()


def test_a_combination_of_exposures_has_no_sky_level() -> None:
    row = ChipLevel(version_of("ibxl50010_drz.fits"), _activity(), RECIPE, CHIP)
    with pytest.raises(StateError, match="not a single exposure"):
        _ = row.measured


@pytest.mark.parametrize("ask", [overlap_queries.audited_run, overlap_queries.versions])
def test_what_is_not_there_is_said(store: Store, ask) -> None:
    with store.reading() as session, pytest.raises(NotFoundError, match="7"):
        ask(session, 7 if ask is overlap_queries.audited_run else [7])
