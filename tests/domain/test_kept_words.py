"""Words, names and small values of the domain: what they say stays what it was."""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import date, timedelta
from enum import Enum
from typing import Any

import numpy as np
import pytest

from skydb.domain import Exposure, Visit, fit, vocabulary
from skydb.domain.base import utc_now
from skydb.domain.cardchanges import CardChanges, HduChanges
from skydb.domain.catalog import CatalogUse, WithoutMotion
from skydb.domain.choice import Wish
from skydb.domain.processmark import ProcessMark
from skydb.domain.selftest import CheckResult, verdict_of
from skydb.domain.signal import has_sky_signal, measured
from skydb.domain.todo import TodoRule
from skydb.domain.values import ChipGeometry, ExposureFacts, WcsName
from skydb.errors import SkydbError
from tests.domain.entities import CHIP, facts_of
from tests.keeping import assert_kept


def _told(make: Any) -> Any:
    """What a call gives, or what it complains of."""
    try:
        return make()
    except (SkydbError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def test_words_and_what_they_say_of_themselves_are_what_they_were() -> None:
    found = {}
    for name, words in vars(vocabulary).items():
        if inspect.isclass(words) and issubclass(words, Enum) and len(words):
            asked = [key for key, _ in inspect.getmembers(words, _is_property)]
            told = [key for key in asked if key not in ("name", "value")]
            found[name] = {
                word.name: [word.value, *(getattr(word, key) for key in told)] for word in words
            }
    found["TodoRule"] = {one.name: [one.value, one.meaning] for one in TodoRule}
    assert_kept("words", found)


def _is_property(value: object) -> bool:
    return isinstance(value, property)


def test_geometries_of_chips_are_what_they_were() -> None:
    found = {}
    for cd in ((-1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, 1.0), (0.6, 0.8, 0.8, -0.6), (0, 1, 1, 0)):
        one = replace(CHIP, cd_deg=cd)
        found[str(cd)] = [one.is_mirrored, one.orientat_deg]
    point = ChipGeometry(1, (9, 9), (5.0, 5.0), (10.0, 20.0), CHIP.cd_deg)
    found["caps"] = [CHIP.bounding_cap(), point.bounding_cap()]
    found["regions"] = [CHIP.s_region, point.s_region]
    found["epochs"] = [
        Exposure(Visit.of(facts), facts).epoch_year
        for when in (None, 51544.5, 56244.25)
        for facts in [replace(facts_of(), expstart_mjd=when)]
    ]
    assert isinstance(facts_of(), ExposureFacts)
    assert_kept("chips", found, rel=1e-9)


def test_names_of_solutions_are_read_as_they_were() -> None:
    names = (
        "OPUS", "opus_x", "IDC_a", "IDC_a-GSC240", "IDC_a-FIT_REL_GAIAeDR3", "IDC_a-FIT_",
        "IDC_a-FIT_SKYDB_x", "idc_b-fit_IMG_GSC", "mine", "", " IDC_a ", "IDC_a-FIT_REL",
        "IDC_" + "x" * 40, "IDC_" + "x" * 41,
    )  # fmt: skip
    found = {name: [WcsName.parse(name), WcsName.parse(name).is_of_skydb] for name in names}
    found["made"] = [
        WcsName.fitted_by_skydb(WcsName.parse(name), catalog)
        for name in ("mine", "IDC_" + "x" * 30, "IDC_a-GSC240")
        for catalog in ("gaia", "a b/c", "", "y" * 50)
    ]
    assert_kept("names of solutions", found)


@pytest.mark.parametrize(
    ("limits", "is_refused"),
    [((1.0, 2.0), False), ((2.0, 2.0), False), ((2.1, 2.0), True), ((None, 2.0), False),
     ((float("nan"), None), True), ((None, float("nan")), True), ((None, None), False)],
)  # fmt: skip
def test_magnitudes_that_leave_nothing_are_refused(limits: tuple, is_refused: bool) -> None:
    told = _told(lambda: CatalogUse.of(None, *limits))
    assert isinstance(told, str) == is_refused
    if not is_refused:
        names = ("mag_min", "mag_max")
        known = {name: one for name, one in zip(names, limits, strict=True) if one is not None}
        assert told.as_parameters() == known


def test_treatments_of_sources_are_those_that_there_are() -> None:
    assert CatalogUse.of("drop").without_motion is WithoutMotion.DROP
    assert CatalogUse.of("keep").as_parameters() == {"without_motion": "keep"}
    told = _told(lambda: CatalogUse.of("throw"))
    assert "Invalid choice 'throw' for sources without motion" in told


def test_fits_are_weak_below_the_matches_that_their_geometry_wants() -> None:
    class Fitted(fit.FitRecord):
        """The columns without a table."""

    one = Fitted()
    for geometry, wanted in [*fit.MATCHES_WANTED.items(), (None, 12), ("odd", 12)]:
        for matches in (wanted - 1, wanted, None):
            one.nmatches, one.fit_geometry = matches, geometry
            assert one.is_weak == (matches == wanted - 1)
            assert one.matches_wanted == wanted


def test_a_wish_admits_what_was_written_in_time() -> None:
    class Written:
        recorded_at = utc_now() - timedelta(days=1)

        def __init__(self, day: str | None) -> None:
            self.date_written = day

    wish = Wish(as_of=date(2017, 1, 2))
    days = ("2017-01-01", "2017-01-02T23:00:00", "2017-01-03", None)
    admitted = [wish.admits(Written(day)) for day in days]  # type: ignore[arg-type]
    assert admitted == [True, True, False, False]
    assert Wish().admits(Written(None))  # type: ignore[arg-type]
    assert Wish(as_of=utc_now().date()).admits(Written(None))  # type: ignore[arg-type]


def test_changes_of_cards_are_counted_and_told() -> None:
    one = HduChanges(added={"A": 1, "B": 2}, removed={"C": 3}, changed={"D": (1, 2)})
    pixels = HduChanges(pixels_changed=True)
    changes = CardChanges({"SCI,1": one, "SCI,2": pixels})
    assert (changes.added, changes.removed, changes.changed) == (2, 1, 1)
    assert changes.pixels_changed
    assert not CardChanges({"SCI,1": one}).pixels_changed
    assert HduChanges().is_empty
    assert not any(some.is_empty for some in (one, pixels))
    assert_kept("changes", {"all": changes.as_document(), "none": CardChanges({}).as_document()})


def test_process_marks_are_read_back() -> None:
    mark = ProcessMark("abcd", "0123", "4567", 42, 1_700_000_000)
    assert str(mark) == "abcd01234567-42-1700000000"
    assert ProcessMark.found_in(f"run.{mark}.lock") == mark
    assert ProcessMark.found_in("run.lock") is None
    starts = [mark.is_same_start(1_700_000_000 + late) for late in (-2.6, -2.5, 0, 2.5, 2.6)]
    assert starts == [False, True, True, True, False]


def test_pixels_that_are_no_measurement_are_told() -> None:
    pixels = np.array([0.0, np.nan, np.inf, -np.inf, 1e8, 1.1e8, -1e8, -1.1e8, -5.0])
    assert_kept("measured", {"all": measured(pixels)})


def test_one_check_that_did_not_pass_fails_a_self_test() -> None:
    def verdict(*verdicts: vocabulary.Verdict) -> vocabulary.Verdict:
        return verdict_of([CheckResult("a", one, "b") for one in verdicts])

    passed, failed = vocabulary.Verdict.PASSED, vocabulary.Verdict.FAILED
    assert verdict() is failed
    assert verdict(passed, passed) is passed
    for other in vocabulary.Verdict:
        if other is not passed:
            assert verdict(passed, other) is verdict(other, passed) is failed


@pytest.mark.parametrize(
    ("pixels", "tells"),
    [([], False), ([1.0], False), ([1.0, 1.0], False), ([1.0, 2.0], True), ([2.0, 1.0], True)],
)
def test_two_pixels_that_differ_tell_of_the_sky(pixels: list, tells: bool) -> None:
    image = np.array([pixels], dtype=float)
    assert has_sky_signal(image, np.ones(image.shape, dtype=bool)) is tells
