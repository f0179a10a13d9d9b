"""Frames of inputs whose visits were aligned to each other, or to a catalogue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skydb.domain import AlignmentRun, AlignmentSolution, ProductVersion
from skydb.domain.alignment import RELATIVE
from skydb.domain.frames import apart, frame_of, resting_of
from skydb.domain.guards import Flag, flags_of
from skydb.domain.vocabulary import (
    AlignmentRoad,
    FindingKind,
    SolutionOrigin,
    SolutionStatus,
)
from tests.domain.entities import STAMP, wcs
from tests.domain.shelves import ProductSet, accepted, chosen, delivery
from tests.domain.test_guards import SOUND

NAMES = ("ibxl50iaq", "ibxl50ibq", "ibxl51icq", "ibxl52idq")


@pytest.fixture
def field() -> list[ProductVersion]:
    shelf = ProductSet()
    catalogs = ("GSC240", "GSC240", "FIT_REL_GAIAeDR3", "GSC242")
    return [
        shelf.add(delivery(name, condition=SOUND), f"IDC_x-{catalog}")
        for name, catalog in zip(NAMES, catalogs, strict=True)
    ]


def moved_to(
    stay: list[ProductVersion], *moved: ProductVersion, failed: ProductVersion | None = None
) -> list[ProductVersion]:
    """Versions that a relative run moved to the visit of others, and whose fits were accepted.

    Of a file of a further visit the fit failed.
    """
    label = stay[0].product.visit.label
    groups = {f"visits/{one.product.visit.label}": {"resting": label} for one in moved}
    run = AlignmentRun(RELATIVE, {"groups": groups}, STAMP, AlignmentRoad.GROUP)
    made = []
    for version in (*stay, *moved, *([failed] if failed else ())):
        run.use(version)
    for version in moved:
        facts = replace(delivery(version.subject, content=f"to {label}"), condition=SOUND)
        made.append(version.derive(facts, f"versions/{version.subject}/{label}"))
        fit = AlignmentSolution(
            version, run, SolutionOrigin.TWEAKREG, SolutionStatus.PROPOSED, wcs("IDC_x")
        )
        fit.group_name = f"visits/{version.product.visit.label}"
        fit.accept(made[-1], wcs("IDC_x-FIT_SKYDB_relative").name)
    return made


def alignment_flags(*versions: ProductVersion) -> list[Flag]:
    kinds = {FindingKind.MIXED_ALIGNMENT, FindingKind.MIXED_FRAMES}
    return [flag for flag in flags_of(chosen(*versions)) if flag.guard in kinds]


def test_visits_that_were_aligned_to_one_are_in_one_frame_with_it(field):
    *stay, second, third = field
    moved = moved_to(stay, second, third)
    assert [one.accepted_solution is not None for one in moved] == [True, True]
    assert alignment_flags(*stay, *moved) == []
    assert alignment_flags(*moved) == []
    assert resting_of(moved[0].accepted_solution) == tuple(stay)
    assert frame_of(moved[0].accepted_solution) == frame_of(stay[0].current_solution)


def test_a_file_whose_fit_failed_is_not_what_others_were_aligned_to(field):
    *stay, second, third = field
    (moved,) = moved_to(stay, second, failed=third)
    assert moved.accepted_solution is not None
    assert resting_of(moved.accepted_solution) == tuple(stay)


def test_an_exposure_that_had_no_part_in_it_is_in_another_frame(field):
    *stay, second, third = field
    (flag,) = alignment_flags(*stay, *moved_to(stay, second), third)[:1]
    assert flag.guard is FindingKind.MIXED_ALIGNMENT
    assert flag.refuses
    assert f"1 of 4 inputs hold an accepted fit, and {NAMES[3]} does not" in flag.message


def test_a_visit_that_was_fitted_since_is_in_another_frame_than_what_was_aligned_to_it(field):
    *stay, second, _ = field
    moved = moved_to(stay, second)
    (flag,) = [
        one
        for one in alignment_flags(*map(accepted, stay), *moved)
        if one.guard is FindingKind.MIXED_ALIGNMENT
    ]
    assert f"fitted to a catalogue: {NAMES[0]}, {NAMES[1]}" in flag.message
    assert f"aligned to visit {stay[0].product.visit.label}: {NAMES[2]}" in flag.message


def test_a_visit_that_was_fitted_before_hands_its_frame_on(field):
    first, _, second, third = field
    fitted = accepted(first)
    moved = moved_to([fitted], second)
    again = moved_to(moved, third)
    assert alignment_flags(fitted, *moved, *again) == []


def test_visits_that_were_aligned_to_different_visits_are_apart(field):
    first, other, second, third = field
    moved = [*moved_to([second], first), *moved_to([third], other)]
    (flag,) = [f for f in alignment_flags(*moved) if f.guard is FindingKind.MIXED_ALIGNMENT]
    assert flag.message.count("aligned to visit") == 2
    assert len(apart([frozenset([first]), frozenset([first, other]), frozenset([second])])) == 2
