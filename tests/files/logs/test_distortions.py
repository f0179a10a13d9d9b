"""A log that was changed on its way gives the same runs, or says that something may be lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skydb.domain.vocabulary import SkyMethod
from skydb.files.logs import LogFile, Logged, LoggedRun
from tests.files.logs.distortions import (
    HARMLESS,
    PREFIXES,
    by_words,
    cut_at,
    levelled,
    plain,
    prefixed,
)
from tests.files.logs.manners import DrizzleManner, TweakRegManner

LOGS = {
    "drizzle": DrizzleManner("2.2.6", SkyMethod.GLOBALMIN_MATCH).lines(),
    "drizzle without a banner": DrizzleManner("3.11.0", SkyMethod.GLOBALMIN_MATCH).lines(),
    "fits": TweakRegManner("1.4.7", updatehdr=True).lines(),
    "both": [
        *TweakRegManner("3.6.2", geometry="general").lines(),
        *DrizzleManner("3.1.3", SkyMethod.LOCALMIN).lines(),
    ],
}
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

_OF_FIT = ("product", "fit_geometry", "nmatches", "dx_pix", "dy_pix", "rotation_deg", "scale",
           "x_rms_pix", "is_written")  # fmt: skip


def facts(run: Logged) -> tuple[Any, ...]:
    """Everything of a run but the lines that it was read from and the texts of file names."""
    begun = (run.task, run.tool_version, run.started_at, run.has_ended, run.failure)
    if isinstance(run, LoggedRun):
        skies = {chip: sky.mdrizsky for chip, sky in run.values.items()}
        methods = (run.requested_method, run.effective_method)
        return (*begun, run.finished_at, methods, skies, run.units, run.inputs)
    fits = [[getattr(fit, name) for name in _OF_FIT] for fit in run.fits]
    return (*begun, run.products, run.frame, run.updates_headers, fits, run.wcs_names)


def read(directory: Path, content: bytes) -> tuple[list[tuple[Any, ...]], bool]:
    """Facts of the runs of a log, and whether it says that something may be lost."""
    path = directory / "run.log"
    path.write_bytes(content)
    log = LogFile(path)
    runs = [run for run, _ in log.runs()]
    # A log without a run is refused, and a run whose version is unknown is flagged.
    is_noticed = bool(log.orphans or log.doubts or not runs)
    is_noticed = is_noticed or any(run.problems or not run.tool_version for run in runs)
    return [facts(run) for run in runs], is_noticed


def truth(directory: Path, name: str) -> list[tuple[Any, ...]]:
    runs, is_noticed = read(directory, levelled(LOGS[name]).encode())
    assert len(runs) == (2 if name == "both" else 1)
    assert not is_noticed
    return runs


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_changes_nothing(prefix, tmp_path):
    for name, lines in LOGS.items():
        text = prefixed(lines, PREFIXES[prefix])
        assert read(tmp_path, text.encode()) == (truth(tmp_path, name), False), name


@pytest.mark.parametrize("way", HARMLESS)
def test_a_change_of_blanks_of_names_or_of_characters_changes_nothing(way, tmp_path):
    for name, lines in LOGS.items():
        assert read(tmp_path, HARMLESS[way](lines)) == (truth(tmp_path, name), False), name


def assert_nothing_is_lost_unseen(directory: Path, name: str, text: str) -> None:
    runs, is_noticed = read(directory, text.encode())
    assert is_noticed or runs == truth(directory, name)


@SHARED
@given(st.data())
def test_another_prefix_from_a_line_on_is_seen(tmp_path, data):
    name = data.draw(st.sampled_from(sorted(LOGS)))
    one, other = (data.draw(st.sampled_from([*sorted(PREFIXES), None])) for _ in range(2))
    lines, at = LOGS[name], data.draw(st.integers(1, len(LOGS[name]) - 1))
    parts = ((one, lines[:at], 0), (other, lines[at:], at))
    text = "".join(
        prefixed(part, PREFIXES[how], n) if how else plain(part) for how, part, n in parts
    )
    assert_nothing_is_lost_unseen(tmp_path, name, text)


@pytest.mark.parametrize("is_bare_first", [True, False])
@pytest.mark.parametrize("name", ["fits", "both"])
def test_a_fit_like_an_earlier_one_is_no_repetition_for_its_prefix(name, is_bare_first, tmp_path):
    # Of two fits with the same rms one has the name of a logger, which the other has not.
    at = max(n for n, line in enumerate(LOGS[name]) if line.startswith("===="))
    first, rest = LOGS[name][:at], LOGS[name][at:]
    logger = PREFIXES["level:name:"]
    halves = (plain(first), prefixed(rest, logger, at))
    if not is_bare_first:
        halves = (prefixed(first, logger), plain(rest))
    assert_nothing_is_lost_unseen(tmp_path, name, "".join(halves))


@SHARED
@given(st.data())
def test_a_terminal_of_any_width_changes_nothing_unseen(tmp_path, data):
    name = data.draw(st.sampled_from(sorted(LOGS)))
    # The end of a number that was cut looks like the number of a line.
    prefix = data.draw(st.sampled_from([None, *sorted(PREFIXES.keys() - {"cat -n"})]))
    whole = plain(LOGS[name]) if prefix is None else prefixed(LOGS[name], PREFIXES[prefix])
    text = whole.expandtabs() if data.draw(st.booleans()) else whole
    # Narrower than this some prefixes have no room.
    width = data.draw(st.integers(72, 140))
    wrap = by_words if data.draw(st.booleans()) else cut_at
    assert_nothing_is_lost_unseen(tmp_path, name, wrap(text, width))


@pytest.mark.parametrize("times", [1, 60], ids=["few lines", "many lines"])
def test_lines_that_are_cut_after_others_that_are_not_are_seen(times, tmp_path):
    whole = times * levelled(LOGS["both"])
    path = tmp_path / "run.log"
    for text, said in ((2 * whole, []), (whole + 2 * cut_at(whole, 80), ["lines are cut from"])):
        path.write_text(text)
        log = LogFile(path)
        assert sum(1 for _ in log.runs()) > 0
        assert [doubt.text[:18] for doubt in log.doubts] == said


@SHARED
@given(st.data())
def test_a_terminal_that_showed_one_of_two_logs_changes_nothing_unseen(tmp_path, data):
    one, other = data.draw(st.permutations(["drizzle", "fits"]))
    cut = cut_at(levelled(LOGS[other]), data.draw(st.integers(72, 140)))
    halves = data.draw(st.permutations([(one, levelled(LOGS[one])), (other, cut)]))
    runs, is_noticed = read(tmp_path, "".join(text for _, text in halves).encode())
    assert is_noticed or runs == [*truth(tmp_path, halves[0][0]), *truth(tmp_path, halves[1][0])]
