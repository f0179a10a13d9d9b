"""Lines that are taken together, which must not matter to what is read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from skydb.files.logs import Logged
from skydb.files.logs.blocks import Block
from skydb.files.logs.reader import RunReader
from tests.files.loglines import DrizzleLog, fitted, tweakreg_log
from tests.files.logs.manners import DrizzleManner, bare

_FIRST = DrizzleLog().lines()
_NAMED = [f"INFO:drizzlepac.util:{line}" for line in bare(_FIRST).splitlines()]
LOGS = {
    "both tasks": [
        *_FIRST,
        "[INFO    ] a line of no meaning",
        *tweakreg_log(fitted("ibxl50030_drz.fits"), products=["ibxl50030_drz.fits"]),
        *DrizzleLog(day="01/05/2019", ends=False).lines(),
    ],
    "a run printed again, then another": [
        *_FIRST,
        *_FIRST,
        *DrizzleLog(day="01/05/2019").lines(),
    ],
    "two prefixes": [
        *_FIRST,
        *(f"at 7 o'clock> {line}" for line in DrizzleManner("2.2.6").lines()),
        "a line of no meaning",
    ],
    "each line twice": [line for name in _NAMED for line in (name, name.partition("util:")[2])],
    "a list, and lines of no meaning": [
        *DrizzleManner("3.1.3").lines(),
        "Traceback (most recent call last)",
        *["nothing of interest"] * 7,
        "ValueError: no sky",
    ],
}
#: Whether each run of a log came to its end.
ENDED = {
    "both tasks": [True, True, False],
    "a run printed again, then another": [True, True],
    "two prefixes": [True, True],
    "each line twice": [True],
    "a list, and lines of no meaning": [True],
}


def runs_of(lines: Sequence[str], size: int) -> tuple[list[Logged], list[int]]:
    numbered = list(enumerate(lines, start=1))
    blocks = [Block.of(numbered[n : n + size]) for n in range(0, len(numbered), size)]
    reader = RunReader({3, 20})
    return list(reader.runs(blocks)), [one.line_number for one in reader.orphans]


@pytest.mark.parametrize(("name", "ended"), ENDED.items(), ids=LOGS)
def test_the_size_of_blocks_does_not_matter(name, ended):
    lines = LOGS[name]
    whole = runs_of(lines, len(lines))
    assert [run.has_ended for run in whole[0]] == ended
    for size in (1, 2, 7, 50):
        assert runs_of(lines, size) == whole


def test_a_prefix_that_is_learned_is_taken_off_lines_that_came_before_it():
    seen = "at 7 o'clock> a line of no meaning"
    lines = [f"at 7 o'clock> {line}" for line in DrizzleManner("2.2.6").lines()]
    one = Block.of(enumerate([seen], start=1))
    rest = Block.of(enumerate([seen, *lines[:9], seen, *lines[9:]], start=2))
    (run,) = RunReader().runs([one, rest])
    plain = DrizzleManner("2.2.6").lines()
    (same,), _ = runs_of([*plain[:9], "a line of no meaning", *plain[9:]], 1)
    assert run.lines.identity == same.lines.identity
