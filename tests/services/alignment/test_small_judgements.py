"""What is said of fits and of two solutions, by rules that need no file."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skydb.domain.references import parse
from skydb.domain.solution import RESIDUAL_LIMIT_MAS
from skydb.domain.trust import TRUST_FLOOR, FitCheck, TrustReport
from skydb.domain.values import FitParameters, FitQuality, Realised, WcsFacts, WcsName
from skydb.domain.vocabulary import TrustComponent, WcsKind
from skydb.errors import ToolError, UsageError
from skydb.services.alignment import screening
from skydb.services.alignment.accept_outcome import is_as_predicted
from skydb.services.alignment.attempts import (
    Attempt,
    as_parameters,
    first_trusted,
    names_of,
    verdict,
)
from skydb.services.alignment.exposures import _has_number
from skydb.services.alignment.fit_checks import FitChecks
from skydb.services.alignment.fitrecord import _parameters
from skydb.services.alignment.screening import TrustChecks, check_archive
from skydb.services.alignment.solution_diff import distortion_of, distortions_apart
from skydb.sky.displacement import Displacement
from skydb.sky.fit_trust import Sighting
from tests.keeping import assert_kept

COMPONENT = TrustComponent.CROSS_MATCH


def attempt(catalog: str, score: float | None, tried: tuple[str, ...] = ()) -> Attempt:
    report = None if score is None else TrustReport((FitCheck(COMPONENT, score, "stars"),))
    reference: Any = SimpleNamespace(target=SimpleNamespace(version_id=7))
    fit: Any = SimpleNamespace(reason=None)
    return Attempt(catalog, reference, fit, report, tried)


def test_attempts_are_told_and_taken_as_they_were() -> None:
    scores = (None, 0.0, 0.2, TRUST_FLOOR - 0.01, TRUST_FLOOR, 0.9)
    found: dict[str, Any] = {}
    for score in scores:
        one = attempt("gaia", score, ("gsc: no fit",))
        found[f"{score}"] = [
            one.is_trusted, one.is_sure, one.key, one.score, one.objection, one.remark,
            attempt("gaia", score).remark,
        ]  # fmt: skip
    for first, second in itertools.product(scores, scores):
        taken = attempt("2mass", second).after(attempt("gaia", first, ("gsc: no fit",)))
        found[f"{second} after {first}"] = [taken.catalog, taken.tried]
    one = attempt("gaia", 0.3)
    assert one.after(None) is one
    found["verdicts"] = [verdict(score, ok) for score in (-1.0, -0.1, 0.0, 0.3) for ok in (0, 1)]
    assert_kept("attempts", found)


@pytest.mark.parametrize(
    ("trusted_at", "tried", "early"), [(0, [0], []), (1, [0, 1], []), (2, [0, 1, 2], [])]
)
def test_what_the_last_catalogue_gives_is_left_for_the_end(
    trusted_at: int, tried: list[int], early: list[int]
) -> None:
    asked: list[int] = []
    told: list[Attempt] = []
    target: Any = SimpleNamespace(version_id=7)

    def make(name: str, left: Any, number: int, on_attempt: Any) -> list[Attempt]:
        assert left == [target]
        asked.append(number)
        return [attempt(name, 0.9 if number == trusted_at else 0.2)]

    (found,) = first_trusted(["a", "b", "c"], [target], make, told.append)
    assert (asked, told) == (tried, early)
    assert (found.catalog, len(found.tried)) == ("abc"[trusted_at], trusted_at)


@pytest.mark.parametrize(
    ("part", "is_good"), [(0.0, True), (1.0, True), (1.01, False), (9.0, False)]
)
def test_an_image_moved_as_predicted_when_what_is_left_is_within_the_limit(
    part: float, is_good: bool
) -> None:
    assert is_as_predicted(Realised(100.0, 100.0, part * RESIDUAL_LIMIT_MAS)) is is_good


def test_lists_of_catalogues_are_kept_with_their_first() -> None:
    assert names_of("gaia") == ("gaia",)
    assert names_of(["a", "b", "a"]) == ("a", "b")
    with pytest.raises(UsageError):
        names_of([])
    assert as_parameters(["a"]) == {"refcat": "a"}
    assert as_parameters(["a", "b"]) == {"refcat": "a", "refcats": ["a", "b"]}


def test_distortions_differ_where_a_witness_of_both_says_so() -> None:
    some = [None, *itertools.product((None, "a", "b"), (None, "a", "b"))]
    found = {
        f"{one} {other}": {str(k): v for k, v in distortions_apart(one, other).items()}
        for one, other in itertools.product(some, some)
    }
    for kind in WcsKind:
        found[str(kind)] = [  # type: ignore[assignment]
            distortion_of(kind, named, table)
            for named in (None, "w3m")
            for table in (None, "", "w3m_idc.fits", "w3m")
        ]
    assert_kept("distortions", found)


@pytest.mark.parametrize(
    ("name", "matches", "rms", "speaks"),
    [
        ("IDC_a-FIT_REL_GAIAeDR3", 12, (30.0, 29.0), True),
        ("IDC_a-FIT_REL_gaia", 12, (None, 30.0), True),
        ("IDC_a-FIT_REL_GAIAeDR3", 11, (3.0, 3.0), False),
        ("IDC_a-FIT_REL_GAIAeDR3", None, (3.0, 3.0), False),
        ("IDC_a-FIT_REL_GAIAeDR3", 12, (30.1, 3.0), False),
        ("IDC_a-FIT_REL_GAIAeDR3", 12, (3.0, 30.1), False),
        ("IDC_a-FIT_REL_GAIAeDR3", 12, (None, None), False),
        ("IDC_a-FIT_REL_GSC242", 99, (3.0, 3.0), False),
        ("IDC_a-FIT_REL", 99, (3.0, 3.0), False),
        ("IDC_a-GSC240", 99, (3.0, 3.0), False),
        ("IDC_a-FIT_SKYDB_gaia", 99, (3.0, 3.0), False),
    ],
)
def test_only_a_good_fit_of_the_archive_to_gaia_is_a_witness(
    name: str, matches: int | None, rms: tuple, speaks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = Displacement(100.0, 120.0, 0.0, 100.0, 0.0, 1.0)
    monkeypatch.setattr(screening, "read_hstwcs", lambda path: path)
    monkeypatch.setattr(screening, "displacement", lambda one, other: moved)
    archive = WcsFacts(" ", WcsName.parse(name), (), quality=FitQuality(matches, *rms))
    witness = check_archive(archive, Path("a"), Path("b"), 0.1)
    assert witness.component is TrustComponent.ARCHIVE
    assert (witness.score is not None) is speaks
    assert name in witness.reason or speaks
    if speaks:
        largest = max(one for one in rms if one is not None)
        assert witness.measured == pytest.approx((100.0 - 2 * largest) / 100.0)


class _Fit:
    """A fit whose stars lie where they were put."""

    def __init__(self, places: np.ndarray, share: float) -> None:
        self.sighting = Sighting(places, 900.0, 0.05)
        self.cross_match = FitCheck(COMPONENT, share, "stars")
        self.own_checks = ([self.cross_match], [FitCheck(TrustComponent.RMS, 1.0, "scatter")])


def test_a_jury_hears_the_neighbours_of_a_fit_whatever_comes_first() -> None:
    rng = np.random.default_rng(3)
    places = np.array([85.0, -2.0]) + rng.uniform(0.0, 30.0, (60, 2)) / 3600
    fits: dict[int, Any] = {
        1: _Fit(places, 0.95),
        2: _Fit(places + np.array((0.0, 0.05)) / 3600, 0.3),
        3: _Fit(places + np.array((1.0, 0.0)), 0.95),
    }
    found: dict[str, Any] = {}
    for order in itertools.permutations(fits):
        jury = TrustChecks()
        told = [jury.add(key, fits[key]) for key in order]
        assert all(key in jury for key in order)
        assert 4 not in jury
        assert sorted(itertools.chain(*told)) == [min((1, 2), key=order.index)]
        reports = {str(key): jury.report(key).checks for key in sorted(fits)}
        assert found.setdefault("reports", reports) == reports
    assert_kept("jury", found["reports"])


def test_a_fit_is_told_once_unless_its_trust_changes() -> None:
    told: list[Attempt] = []
    reference: Any = SimpleNamespace(target=SimpleNamespace(version_id=7, path=Path("a_drz.fits")))
    nothing: Any = None
    checks = FitChecks(nothing, "gaia", [reference], nothing, told.append)
    failed: Any = SimpleNamespace(product=Path("a_drz.fits"), is_fitted=False, reason="no star")
    checks.add(failed)
    assert [(one.catalog, one.key, one.fit) for one in told] == [("gaia", 7, failed)]
    checks.add(failed)
    assert len(told) == 1
    assert [one.key for one in checks.attempts()] == [7]


def test_a_fit_whose_checks_say_the_same_again_is_not_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[float] = []
    paths = {key: Path(f"{key}_drz.fits") for key in (7, 8)}
    found: list[Any] = [
        SimpleNamespace(target=SimpleNamespace(version_id=key, path=path))
        for key, path in paths.items()
    ]
    scores = {7: "0.9", 8: "0.8"}
    nothing: Any = None
    checks = FitChecks(nothing, "gaia", found, nothing, lambda one: told.append(one.score))

    def report(key: int) -> TrustReport:
        return TrustReport((FitCheck(COMPONENT, float(scores[key]), "stars"),))

    monkeypatch.setattr(checks, "_checks", _Everything(report))
    monkeypatch.setattr(checks, "_look_at", lambda one, _: [7] if one is found[1] else [])
    fits: dict[int, Any] = {
        key: SimpleNamespace(product=path, is_fitted=True) for key, path in paths.items()
    }
    checks.add(fits[7])
    checks.add(fits[8])
    checks.add(fits[8])
    assert told == [0.9, 0.8]
    scores[7] = "0.3"
    checks.add(fits[8])
    assert told == [0.9, 0.8, 0.3]
    assert [one.score for one in checks.attempts()] == [0.3, 0.8]


class _Everything:
    """Checks that know every fit."""

    def __init__(self, report: Callable[[int], TrustReport]) -> None:
        self.report = report

    def __contains__(self, key: int) -> bool:
        return True


@pytest.mark.parametrize(
    ("name", "has_number"),
    [("ibxl50iaq_flt.fits", False), ("ibxl50iaq_flt.fits@2", True), ("version:3", True),
     ("product:3", False)],
)  # fmt: skip
def test_a_version_is_named_by_its_number_or_not(name: str, has_number: bool) -> None:
    assert _has_number(parse(name)) is has_number


NUMBERS = {"dx_pix": 1.0, "dy_pix": 2.0, "rotation_deg": 0.1, "scale": 1.0, "x_rms_pix": 0.05,
           "y_rms_pix": 0.06}  # fmt: skip


@pytest.mark.parametrize("missing", NUMBERS)
def test_a_fit_without_one_of_its_numbers_is_not_recorded(missing: str) -> None:
    told: Any = SimpleNamespace(product=Path("a_drz.fits"), log=None, **NUMBERS)
    assert _parameters(told) == FitParameters(*NUMBERS.values())
    setattr(told, missing, None)
    with pytest.raises(ToolError, match=r"gave an incomplete fit of a_drz\.fits"):
        _parameters(told)
