"""What is decided about groups of exposures, by rules that need no file and no fit."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skydb.domain.fit import MATCHES_TO_CHOOSE
from skydb.domain.grouping import GroupBy
from skydb.domain.guards import Flag
from skydb.domain.solution import RESIDUAL_LIMIT_MAS
from skydb.domain.trust import TRUST_FLOOR, FitCheck, TrustReport
from skydb.domain.values import Realised
from skydb.domain.vocabulary import FindingKind, TrustComponent
from skydb.services.alignment.exposure_accept import _as_groups, _Fit, _Installed, _newer_delivery
from skydb.services.alignment.group_align import GroupOptions, _flags_of, _trusted
from skydb.services.alignment.group_attempts import GroupAttempt, better, objections
from skydb.services.alignment.groups import Group, lonely_exposures
from skydb.services.alignment.header_writes import _same_delivery
from tests.domain.shelves import ProductSet, accepted, delivery

COMPONENT = TrustComponent.CROSS_MATCH
WANTED = MATCHES_TO_CHOOSE


@pytest.mark.parametrize(
    ("matches", "is_turned", "geometry"),
    [
        (3 * WANTED["rscale"], False, "rscale"), (2 * WANTED["rscale"], False, "rscale"),
        (2 * WANTED["rscale"] - 1, False, "rshift"),
        (WANTED["rshift"], False, "rshift"), (WANTED["rshift"] + 1, False, "rshift"),
        (WANTED["rshift"] - 1, False, "shift"), (WANTED["rshift"] - 1, True, "rshift"),
        (2 * WANTED["rscale"], True, "rscale"),
    ],
)  # fmt: skip
def test_a_rigid_body_is_scaled_with_twice_the_matches_only(
    matches: int, is_turned: bool, geometry: str
) -> None:
    assert GroupOptions().choose(matches, is_turned=is_turned) == geometry
    assert GroupOptions(geometry="general").choose(matches, is_turned=is_turned) == "general"


@pytest.mark.parametrize("by", list(GroupBy))
def test_without_a_catalogue_all_visits_are_one_group_unless_others_are_wanted(by: GroupBy) -> None:
    assert GroupOptions(by).by_for("gaia") is by
    assert GroupOptions(by).by_for(None) is (None if by is GroupBy.VISIT else by)


def _attempt(catalog: str, *scores: float | None) -> GroupAttempt:
    fits = [
        SimpleNamespace(product=Path(f"{n}.fits"), reason=None if score is not None else "no star")
        for n, score in enumerate(scores)
    ]
    reports = {
        fit.product: TrustReport((FitCheck(COMPONENT, score, "stars"),))
        for fit, score in zip(fits, scores, strict=True)
        if score is not None
    }
    outcome: Any = SimpleNamespace(fits=fits)
    return GroupAttempt(catalog, outcome, {}, reports)


@pytest.mark.parametrize(
    ("geometry", "weight", "why"),
    [
        ("rshift", 8, "4 stars count as 8 matches, of which a shift leaves a rotation"),
        ("rshift", WANTED["rshift"], f"4 stars count as {WANTED['rshift']} matches"),
        ("rshift", 30, "4 stars count as 30 matches"),
        ("shift", 8, "4 stars count as 8 matches"),
        ("rscale", 8, "4 stars count as 8 matches"),
    ],
)
def test_the_reason_of_a_geometry_names_the_rotation_that_made_it(
    geometry: str, weight: int, why: str
) -> None:
    outcome: Any = SimpleNamespace(
        name="bxl50",
        fits=[SimpleNamespace(nmatches=4, fit_geometry=geometry)],
        members=[SimpleNamespace(path=Path("a_flc.fits"))],
        evidence=SimpleNamespace(weight=weight),
        as_parameters=dict,
        agreement_by_file=dict,
    )
    found = GroupAttempt("gaia", outcome, {}, {}).with_facts({"fitgeometry": None})
    assert found["geometry_why"] == {"a_flc.fits": why}


@pytest.mark.parametrize(
    ("scores", "score", "objection"),
    [
        ((0.9, 0.4), 0.4, f"gaia: trust 0.40, {TRUST_FLOOR} is wanted"),
        ((0.0,), 0.0, f"gaia: trust 0.00, {TRUST_FLOOR} is wanted"),
        ((0.9, 0.8), 0.8, f"gaia: trust 0.80, {TRUST_FLOOR} is wanted"),
        ((TRUST_FLOOR,), TRUST_FLOOR, f"gaia: trust {TRUST_FLOOR:.2f}, {TRUST_FLOOR} is wanted"),
        ((0.9, None), -1.0, "gaia: no star"),
        ((), -1.0, "gaia: no fit"),
    ],
)
def test_a_group_is_as_good_as_its_worst_member(
    scores: tuple[float | None, ...], score: float, objection: str
) -> None:
    one = _attempt("gaia", *scores)
    assert one.score == score
    assert one.is_trusted is (score >= TRUST_FLOOR)
    assert one.objection == objection


@pytest.mark.parametrize(
    ("catalog", "scores", "is_given"),
    [("gaia", (0.9, 0.8), True), ("gaia", (0.9, 0.2), False), (None, (0.9, 0.8), False)],
)
def test_fits_of_a_trusted_group_to_a_catalogue_are_compared_with_other_catalogues(
    catalog: str | None, scores: tuple[float, ...], is_given: bool
) -> None:
    targets: Any = [
        SimpleNamespace(path=Path(f"{n}.fits"), version_id=10 + n, epoch_year=2012.0 + n)
        for n in range(2)
    ]
    one = replace(_attempt("gaia", *scores), catalog=catalog)
    found = _trusted(Group("bxl50", tuple(targets)), one)
    told = [(fit.version_id, fit.fit.product.name, fit.catalog, fit.epoch_year) for fit in found]
    assert told == [(10, "0.fits", "gaia", 2012.5), (11, "1.fits", "gaia", 2012.5)] * is_given


@pytest.mark.parametrize(("first", "second"), list(permutations((None, 0.2, 0.9), 2)))
def test_the_better_of_two_catalogues_is_taken(first: float | None, second: float | None) -> None:
    one, other = [_attempt("gaia", first)], [_attempt("2mass", second)]
    is_first = (first or -1.0) > (second or -1.0)
    assert better(one, other) == ((one, other) if is_first else (other, one))
    # Of two that are as good the earlier one stays, and without any there is no choice.
    again = [_attempt("2mass", first)]
    assert better(one, again) == (one, again)
    assert better([], other) == (other, [])
    # Nothing is not better than a fit, and no fit is as good as nothing.
    assert better(one, []) == (one, [])
    assert objections([*one, *one]) == [one[0].objection]


def test_flags_of_an_exposure_are_its_own_each_once() -> None:
    flags = [
        Flag(FindingKind.QUALITY, "".join(["ibxl50", name]), "bad")
        for name in ("iaq", "ibq", "iaq", "icq")
    ]
    flags.append(Flag(FindingKind.ISLANDS, "ibxl50iaq", "alone"))
    target: Any = SimpleNamespace(member=SimpleNamespace(rootname="ibxl50iaq"))
    said = sorted({FindingKind.QUALITY.value, FindingKind.ISLANDS.value})
    assert _flags_of(target, flags) == ", ".join(said)


def _group(*exposures: tuple[str, str, float]) -> tuple[Group, dict[int, Any]]:
    """Exposures by name, visit and where they are along the equator, a tenth of a degree wide."""
    targets: list[Any] = []
    read: dict[int, Any] = {}
    for number, (name, visit, ra) in enumerate(exposures):
        member = SimpleNamespace(rootname=name, visit=visit)
        targets.append(SimpleNamespace(member=member, version_id=number))
        outline = [(ra, 0.0), (ra + 0.1, 0.0), (ra + 0.1, 0.1), (ra, 0.1)]
        chip = SimpleNamespace(polygon_deg=outline)
        read[number] = SimpleNamespace(primary=SimpleNamespace(chips=[chip]))
    return Group("bxl50", tuple(targets)), read


def _lonely(*exposures: tuple[str, str, float], is_relative: bool) -> list[str]:
    group, read = _group(*exposures)
    return [flag.subject for flag in lonely_exposures([group], read, is_relative)]


A, NEAR_A, FAR = ("a", "v", 10.0), ("b", "v", 10.05), ("c", "v", 20.0)
OTHER, OTHER_FAR = ("d", "w", 10.02), ("e", "x", 30.0)


def test_an_exposure_that_overlaps_none_of_its_group_is_told() -> None:
    assert _lonely(A, NEAR_A, FAR, is_relative=False) == ["c"]
    assert _lonely(A, NEAR_A, is_relative=False) == []
    assert _lonely(A, is_relative=False) == []
    assert _lonely(A, OTHER, is_relative=False) == []


def test_of_visits_that_are_aligned_to_each_other_overlaps_of_two_visits_count() -> None:
    assert _lonely(A, NEAR_A, is_relative=True) == ["a", "b"]
    assert _lonely(A, OTHER, FAR, is_relative=True) == []
    assert _lonely(A, OTHER, OTHER_FAR, is_relative=True) == ["e"]
    assert _lonely(OTHER_FAR, OTHER, A, is_relative=True) == ["e"]
    # Whichever visit comes first in the alphabet.
    assert _lonely(("a", "w", 10.0), ("d", "v", 10.02), is_relative=True) == []


def _fit(name: str, group: str | None, left: str | None = None) -> _Fit:
    label: Any = None
    return _Fit(1, 1, name, f"{name}.fits", Path(name), label, (), group, left)


def test_of_a_group_with_a_member_that_is_left_none_is_moved() -> None:
    fits = [_fit("a", "one"), _fit("b", "one", "it is gone"), _fit("c", "two"), _fit("d", None),
            _fit("e", None, "it is gone")]  # fmt: skip
    found = {fit.rootname: fit.left for fit in _as_groups(fits)}
    assert found == {
        "a": "b, fitted with it as one group, is not moved.", "b": "it is gone",
        "c": None, "d": None, "e": "it is gone",
    }  # fmt: skip


@pytest.mark.parametrize(("part", "is_good"), [(0.5, True), (1.0, True), (1.1, False)])
def test_a_copy_moved_as_predicted_when_what_is_left_is_within_the_limit(
    part: float, is_good: bool
) -> None:
    moved = Realised(100.0, 100.0, part * RESIDUAL_LIMIT_MAS)
    assert _Installed(_fit("a", None), Path("copy"), moved).is_as_predicted is is_good


def test_versions_of_one_delivery_are_its_own_and_what_was_made_of_it() -> None:
    shelf = ProductSet()
    old, new = (
        shelf.add(delivery("ibxl50iaq", date_written=f"{year}-01-01")) for year in (2015, 2019)
    )
    made, again = accepted(new), accepted(new)
    assert _same_delivery(made) == [new, again]
    assert _same_delivery(old) == []


def test_a_fit_moves_nothing_once_a_newer_archive_version_is_there() -> None:
    shelf = ProductSet()
    old, middle = (
        shelf.add(delivery("ibxl50iaq", date_written=f"{year}-01-01")) for year in (2015, 2017)
    )
    newest = shelf.add(delivery("ibxl50iaq", date_written="2019-01-01"))
    aligned = accepted(newest)
    assert _newer_delivery(newest) is None
    assert _newer_delivery(aligned) is None
    for version in (old, middle):
        assert _newer_delivery(version) == (
            f"{newest.reference} is of a newer archive version than {version.reference}, which "
            "was fitted. Fit that."
        )
