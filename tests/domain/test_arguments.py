"""Every kind of annotation, with what it takes, makes of it, and refuses."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any, TypedDict, Unpack

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from skydb.domain.arguments import bound_arguments, checked_arguments
from skydb.errors import UsageError


class TweakRegSettings:
    """Stands for that of the drizzle layer, which is told by its name."""


class AstroDrizzleSettings:
    """Stands for those of the other tool."""


class ZSettings:
    """Comes after the one that is wanted in the alphabet."""


class FewerSettings(TweakRegSettings):
    """A kind of it."""


class Words(TypedDict, total=False):
    """Words of a function."""

    jobs: int
    epoch: float


def takes(
    flag: bool = False,
    count: int = 1,
    number: float = 1.0,
    day: str | date = "",
    file: str | Path = "",
    plain: Path = Path(),
    text: str = "",
    either: int | str = 1,
    maybe: float | None = None,
    settings: TweakRegSettings | None = None,
    odd: list[int] | None = None,
    ra: float = 0.0,
    dec: float = 0.0,
    epoch: float = 0.0,
    jyear: float = 0.0,
) -> None:
    """Take one of each."""


def becomes(name: str, value: Any) -> Any:
    return bound_arguments(takes, (), {name: value}).arguments[name]


def _named(table: list[tuple[str, Any, Any]]) -> list[str]:
    """Names of tests: those of arguments and kinds, for not every value is told alike twice."""
    return [f"{n} {name} {type(one).__name__}" for n, (name, one, _) in enumerate(table)]


SETTINGS = FewerSettings()
TAKEN: list[tuple[str, Any, Any]] = [
    *(("flag", True, True), ("flag", False, False), ("flag", np.bool_(True), True)),
    *(("count", 5, 5), ("count", np.int32(5), 5), ("count", np.array(6), 6), ("count", 0, 0)),
    *(("number", 5, 5), ("number", -1.5, -1.5), ("number", np.float32(0.5), 0.5)),
    *(("day", "2024-05-01", "2024-05-01"), ("day", date(2024, 5, 1), date(2024, 5, 1))),
    *(("file", "a.fits", "a.fits"), ("file", Path("a"), Path("a"))),
    *(("plain", "a.fits", "a.fits"), ("plain", Path("a"), Path("a"))),
    *(
        ("text", "a", "a"),
        ("text", "", ""),
        ("text", 5, "5"),
        ("text", 1, "1"),
        ("text", Path("a"), "a"),
    ),
    *(("text", False, "False"), ("text", np.int64(7), "7")),
    *(("either", 5, 5), ("either", "5", "5")),
    *(("maybe", None, None), ("maybe", 2.0, 2.0), ("maybe", 0.0, 0.0)),
    *(("settings", None, None), ("settings", SETTINGS, SETTINGS)),
    *(("odd", [1], [1]), ("odd", "x", "x"), ("odd", None, None)),
    *(("ra", 2 * u.deg, 2.0), ("ra", 120 * u.arcmin, 2.0), ("ra", 3, 3)),
    *(("epoch", Time(2016.0, format="jyear"), 2016.0), ("epoch", 2016 * u.yr, 2016.0)),
]


@pytest.mark.parametrize(("name", "value", "wanted"), TAKEN, ids=_named(TAKEN))
def test_what_is_meant_is_given_on(name: str, value: Any, wanted: Any) -> None:
    found = becomes(name, value)
    assert type(found) is type(wanted)
    assert found == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)


REFUSED: list[tuple[str, Any, str]] = [
    *(("flag", 1, "neither"), ("flag", "yes", "neither"), ("flag", None, "neither")),
    *(("count", 1.5, "a whole number"), ("count", True, "a whole number")),
    *(("count", "5", "a whole number"), ("count", None, "a whole number")),
    *(("count", [5], "a whole number"), ("count", np.array([5]), "a whole number")),
    *(("number", "5", "a number"), ("number", False, "a number")),
    *(("number", math.nan, "a number"), ("number", -math.inf, "a number")),
    *(("number", None, "a number"), ("maybe", "x", "a number"), ("maybe", True, "a number")),
    *(("day", 5, "a date (YYYY-MM-DD)"), ("day", None, "a date (YYYY-MM-DD)")),
    *(("file", 5, "a path"), ("file", None, "a path"), ("file", True, "a path")),
    *(("plain", 5, "a path"), ("plain", "", "a path")),
    *(("text", True, "a text"), ("text", None, "a text"), ("text", 1.5, "a text")),
    *(("text", ["a"], "a text"), ("text", date(2024, 5, 1), "a text")),
    *(("either", None, "a whole number or a text"), ("either", True, "a whole number or a text")),
    *(("either", Path("a"), "a whole number or a text"),),
    *(("settings", 5, "TweakRegSettings"), ("settings", object(), "TweakRegSettings")),
    *(("settings", one(), "TweakRegSettings") for one in (AstroDrizzleSettings, ZSettings)),
    *(("jyear", Time(2016.0, format="jyear"), "a number"),),
]


@pytest.mark.parametrize(("name", "value", "what"), REFUSED, ids=_named(REFUSED))
def test_what_cannot_be_meant_is_refused_by_what_is_wanted(
    name: str, value: Any, what: str
) -> None:
    with pytest.raises(UsageError) as caught:
        becomes(name, value)
    if what == "neither":
        assert caught.value.what == f"{name}={value!r} is neither True nor False."
        assert caught.value.advice == "Give one."
    else:
        assert caught.value.what == f"{name}={value!r} is not {what}."
        assert caught.value.advice == f"Give {what} as {name}."


def test_a_quantity_of_another_unit_is_told_the_unit_of_its_argument() -> None:
    with pytest.raises(UsageError) as caught:
        becomes("ra", 3 * u.m)
    assert str(caught.value) == "ra=3.0 m has another unit. Give it in deg."
    for name in ("ra", "dec"):
        with pytest.raises(UsageError, match=rf"{name}=2016.0 has another unit. Give it in deg\."):
            becomes(name, Time(2016.0, format="jyear"))


def test_a_quantity_where_there_is_no_unit_is_no_number() -> None:
    with pytest.raises(UsageError, match=r"number=<Quantity 3\. m> is not a number"):
        becomes("number", 3 * u.m)


def several(*counts: int, **chosen: Unpack[Words]) -> tuple[Any, ...]:
    """Give what was given."""
    return (*counts, *sorted(chosen.items()))


def test_each_of_several_arguments_and_each_word_is_checked() -> None:
    call = checked_arguments(several)
    assert call(np.int64(1), 2, jobs=np.int32(3), epoch=2016 * u.yr) == (
        *(1, 2),
        *(("epoch", 2016.0), ("jobs", 3)),
    )
    with pytest.raises(UsageError, match="counts='x' is not a whole number"):
        call(1, "x")
    with pytest.raises(UsageError, match="jobs='x' is not a whole number"):
        call(jobs="x")
    # A word that there is not is no business of the check.
    assert call(other="x") == (("other", "x"),)
    assert call.__name__ == "several"


class Looker:
    """Has a method with every kind of argument."""

    def look(self, count: int, width: int = 1, *names: str, **chosen: Unpack[Words]) -> None:
        """Take all of them."""


def test_a_call_with_other_arguments_is_told_the_names_it_may_give() -> None:
    with pytest.raises(TypeError) as caught:
        checked_arguments(Looker.look)(Looker())  # type: ignore[call-arg]
    assert str(caught.value) == (
        "look: missing a required argument: 'count'. It takes (count, width, *names, **chosen)."
    )
