"""Logs of two processes that wrote at the same time, and lines of others between those of a run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from skydb.domain.vocabulary import SkyMethod
from skydb.files.logs import Logged, LoggedAlignment, LoggedRun
from skydb.files.logs.blocks import Block
from skydb.files.logs.reader import RunReader
from tests.files.logs.manners import SKIES, DrizzleManner, TweakRegManner

OTHERS = tuple((chip, sky + 7.0) for chip, sky in SKIES.items())
STRAYS = (
    "/usr/lib/python3/site-packages/wcs.py:12: RuntimeWarning: divide by zero",
    "    warnings.warn(message, RuntimeWarning)",
    " 53%|#####     | 8/15 [00:01<00:01, 5.2it/s]",
    "",
)


@dataclass(frozen=True)
class OtherTweakReg(TweakRegManner):
    """A run of the same products with other results."""

    shifts: ClassVar = {
        "j9irw4b1q_flc.fits": (3.25, -4.5),
        "j9irw5kaq_flc.fits": (5.75, -6.125),
    }


@dataclass(frozen=True)
class TweakRegElsewhere(TweakRegManner):
    """A run of other products."""

    images = ("jcdm04a1q_flc.fits", "jcdm04a3q_flc.fits", "jcdm04a5q_flc.fits")
    shifts: ClassVar = {
        "jcdm04a3q_flc.fits": (3.25, -4.5),
        "jcdm04a5q_flc.fits": (5.75, -6.125),
    }


def read(lines: list[str]) -> tuple[list[Logged], bool]:
    """Runs of a log, and whether a line of it is reported."""
    reader = RunReader()
    runs = list(reader.runs([Block.of(enumerate(lines, start=1))]))
    return runs, bool(reader.orphans) or any(run.problems for run in runs)


def mixed(seed: int, first: list[str], second: list[str]) -> list[str]:
    """Lines of two runs in their order, in pieces of up to some length."""
    chance = random.Random(seed)
    rest, lines, size = [list(first), list(second)], list[str](), (1, 3, 12, 40)[seed % 4]
    while all(rest):
        side, count = chance.randint(0, 1), chance.randint(1, size)
        lines, rest[side] = lines + rest[side][:count], rest[side][count:]
    return [*lines, *rest[0], *rest[1]]


def facts(run: Logged) -> set[object]:
    """Results that would be recorded of a run."""
    if run.is_mixed:
        return set()
    if isinstance(run, LoggedRun):
        return {(chip, sky.mdrizsky) for chip, sky in run.values.items() if run.is_complete}
    return {(fit.product, fit.dx_pix, fit.is_written) for fit in run.fits if run.is_complete}


@pytest.mark.parametrize("other", [OtherTweakReg, TweakRegElsewhere])
@pytest.mark.parametrize("updates", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("seed", range(0, 40, 8))
def test_fits_of_two_processes_are_their_own_or_of_none(other, updates, seed):
    one = TweakRegManner("1.4.7", updatehdr=updates[0])
    two = other("1.4.7", updatehdr=updates[1], day="09/01/2019")
    alone = [read(run.lines())[0][0] for run in (one, two)]
    truth = {str(run.started_at): facts(run) for run in alone}
    for more in range(8):
        runs, is_reported = read(mixed(seed + more, one.lines(), two.lines()))
        assert all(not run.is_complete or facts(run) == truth[str(run.started_at)] for run in runs)
        assert is_reported or [run.is_complete for run in runs] == [True, True]


@pytest.mark.parametrize("version", ["2.2.6", "3.10.0"])
@pytest.mark.parametrize("seed", range(0, 40, 8))
def test_skies_of_two_processes_are_their_own_or_of_none(version, seed):
    one = DrizzleManner(version)
    two = DrizzleManner(version, SkyMethod.MATCH, day="09/01/2019", skies=OTHERS)
    alone = [read(run.lines())[0][0] for run in (one, two)]
    truth = {str(run.started_at): facts(run) for run in alone}
    for more in range(8):
        runs, is_reported = read(mixed(seed + more, one.lines(), two.lines()))
        assert all(not run.is_complete or facts(run) == truth[str(run.started_at)] for run in runs)
        assert is_reported or [run.is_complete for run in runs] == [True, True]


def test_a_dry_run_is_not_applied_by_the_lines_of_another(test_data: Path):
    log = test_data / "logs" / "align_multiple_visits_2019-01" / "tweakreg.log"
    lines = log.read_text().split("\n")
    dry, written = lines[760:1049], lines[1049:1508]
    rest = [line for line in written[31:] if "Trailer" not in line]
    runs, _ = read([*written[:31], *dry[:30], *rest, *dry[30:]])
    assert [run.is_complete for run in runs] == [False, False]
    assert [run.is_mixed for run in runs] == [False, True]
    assert all(
        not run.fits for run in runs if not run.is_mixed and isinstance(run, LoggedAlignment)
    )


def test_a_run_after_one_that_was_killed_is_complete():
    killed, whole = TweakRegManner("1.4.7"), OtherTweakReg("1.4.7", updatehdr=True)
    for lines in range(2, len(killed.lines())):
        runs, is_reported = read([*killed.lines()[:lines], *whole.lines()[1:]])
        assert [run.has_ended for run in runs[-1:]] == [True]
        assert not is_reported
        assert not any(run.is_mixed for run in runs)


def test_a_fit_that_is_tried_again_is_of_the_same_run():
    lines = TweakRegManner("1.4.7").lines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("Performing fit"))
    failed = [
        lines[begin],
        "# Not enough matches (< 15) found for input image: j9irw4b1q_flc.fits  #",
    ]
    (run,), is_reported = read([*lines[:begin], *failed, *lines[begin:]])
    assert isinstance(run, LoggedAlignment)
    assert (run.is_complete, is_reported) == (True, False)
    assert [fit.is_fitted for fit in run.fits] == [False, True, True]


@pytest.mark.parametrize(
    "manner",
    [
        DrizzleManner("2.2.6", SkyMethod.GLOBALMIN_MATCH),
        DrizzleManner("3.11.0", SkyMethod.GLOBALMIN_MATCH, console=True),
        TweakRegManner("1.4.7", updatehdr=True),
        TweakRegManner("3.11.0", verbose=True, geometry="general"),
    ],
    ids=str,
)
def test_a_line_of_something_else_changes_nothing(manner):
    lines = manner.lines()
    (plain,), _ = read(lines)
    for place in range(len(lines) + 1):
        for stray in STRAYS:
            (run,), is_reported = read([*lines[:place], stray, *lines[place:]])
            assert (facts(run), run.is_complete) == (facts(plain), True)
            # Before the first line of a run it may be that line, damaged.
            assert not is_reported or place == 1
            if isinstance(run, LoggedAlignment):
                assert run.products == list(manner.images)


def test_skies_of_a_step_are_not_taken_when_the_last_list_is_lost():
    lines = DrizzleManner("2.2.6", SkyMethod.GLOBALMIN_MATCH, console=True).lines()
    lost = [line.replace("Final (match", "F?nal (match") for line in lines]
    step = next(n for n, line in enumerate(lines) if "global" in line)
    changes = [line for line in DrizzleManner("2.2.6", SkyMethod.MATCH).lines() if "delta" in line]
    (run,), is_reported = read([*lost[:step], *changes, *lost[step:]])
    assert isinstance(run, LoggedRun)
    assert (run.values, is_reported) == ({}, True)
