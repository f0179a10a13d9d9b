"""Selections of `align run`, and options that exclude each other."""

from __future__ import annotations

from typing import Any

import pytest

from skydb.api.alignment_options import chosen_groups, chosen_road
from skydb.domain.grouping import GroupBy
from skydb.domain.vocabulary import AlignmentRoad
from skydb.errors import UsageError
from skydb.services.alignment import GroupOptions


def options(road: AlignmentRoad, refcat: str | None = "gaia", **given: Any) -> GroupOptions | None:
    tweakreg = given.pop("tweakreg", {})
    usual = {"group_by": None, "geometry": None, "relative": False}
    return chosen_groups(road, refcat, tweakreg, **{**usual, **given})


@pytest.mark.parametrize(
    ("what", "relative", "road"),
    [
        (None, False, AlignmentRoad.DRIZZLED),
        (None, True, AlignmentRoad.GROUP),
        ("group", False, AlignmentRoad.GROUP),
        (" Exposures ", False, AlignmentRoad.EXPOSURES),
    ],
)
def test_drizzled_products_are_fitted_unless_something_else_is_asked_for(
    what: str | None, relative: bool, road: AlignmentRoad
) -> None:
    assert chosen_road(what, relative=relative) is road


def test_what_is_not_known_is_refused_with_what_is() -> None:
    with pytest.raises(UsageError, match="drizzled, exposures, group"):
        chosen_road("visits", relative=False)


def test_a_group_is_a_visit_unless_told() -> None:
    assert options(AlignmentRoad.GROUP) == GroupOptions(GroupBy.VISIT, None)
    assert options(AlignmentRoad.GROUP, group_by="orbit", geometry="shift") == GroupOptions(
        GroupBy.ORBIT, "shift"
    )
    assert options(AlignmentRoad.EXPOSURES) is None


@pytest.mark.parametrize(
    ("road", "given", "said"),
    [
        (AlignmentRoad.GROUP, {"group_by": "moon"}, "visit, target, orbit"),
        (AlignmentRoad.GROUP, {"refcat": None}, "--relative"),
        (AlignmentRoad.GROUP, {"relative": True}, "--relative"),
        (AlignmentRoad.GROUP, {"tweakreg": {"minobj": 3, "searchrad": 2.0}}, "minobj, searchrad"),
        (AlignmentRoad.GROUP, {"geometry": "affine"}, "shift, rshift, rscale, general"),
        (AlignmentRoad.DRIZZLED, {"group_by": "orbit"}, "--what group"),
        (AlignmentRoad.EXPOSURES, {"refcat": None, "relative": True}, "--what group"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    road: AlignmentRoad, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        options(road, **given)


@pytest.mark.parametrize(
    ("matches", "geometry"),
    [(3, "shift"), (8, "shift"), (9, "rshift"), (23, "rshift"), (24, "rscale")],
)
def test_a_body_is_rigid_until_there_are_twice_the_matches_that_a_scale_wants(
    matches: int, geometry: str
) -> None:
    assert GroupOptions().choose(matches) == geometry
    assert GroupOptions(geometry="general").choose(matches) == "general"
