"""Every manner of every version gives one and the same run, however its lines were kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.files.logs import Logged, LoggedAlignment, LoggedRun, read_log
from skydb.files.logs.blocks import Block
from skydb.files.logs.reader import RunReader
from tests.files.logs.manners import (
    DRIZZLES,
    SKIES,
    TWEAKREGS,
    WRAPPINGS,
    DrizzleManner,
    TweakRegManner,
)


def read(directory: Path, wrapping: str, *runs: list[str]) -> list[Logged]:
    name, wrap = WRAPPINGS[wrapping]
    (directory / name).write_bytes(wrap([line for run in runs for line in run]))
    return read_log(directory / name)


def split(lines: list[str]) -> list[Logged]:
    return list(RunReader().runs([Block.of(enumerate(lines, start=1))]))


def assert_is_drizzled(run: Logged, manner: DrizzleManner) -> None:
    assert isinstance(run, LoggedRun)
    assert run.problems == []
    assert run.is_complete
    assert run.tool_version == manner.version
    assert str(run.started_at) == f"2019-01-08 06:10:5{'1.9' if manner.has_banner else '2.1'}00000"
    assert str(run.finished_at)[:18] == "2019-01-08 06:10:5"
    assert run.effective_method is manner.method
    assert run.requested_method is (None if manner.console else manner.method)
    printed = SKIES if not manner.console else {c: float(f"{s:G}") for c, s in SKIES.items()}
    if manner.console and manner.method.value == "globalmin+match":
        printed = SKIES
    assert {chip: sky.mdrizsky for chip, sky in run.values.items()} == printed
    assert run.conflicts == {}


def assert_is_fitted(run: Logged, manner: TweakRegManner) -> None:
    assert isinstance(run, LoggedAlignment)
    assert run.problems == []
    assert run.is_complete
    assert run.tool_version == manner.version
    assert run.products == list(manner.images)
    assert run.updates_headers is manner.updatehdr
    found = {fit.product: (fit.dx_pix, fit.dy_pix) for fit in run.fits}
    assert found == manner.shifts
    assert {(fit.nmatches, fit.x_rms_pix, fit.y_rms_pix) for fit in run.fits} == {
        (680, 0.74, 0.663)
    }
    assert {fit.is_written for fit in run.fits} == {manner.updatehdr}
    scales = {"shift": None, "rscale": 1.000002, "general": 1.00008863}
    assert {fit.scale for fit in run.fits} == {scales[manner.geometry]}


@pytest.mark.parametrize("name", DRIZZLES)
def test_every_version_of_astrodrizzle_is_understood(name, tmp_path):
    (run,) = read(tmp_path, "bare" if DRIZZLES[name].console else "levels", DRIZZLES[name].lines())
    assert_is_drizzled(run, DRIZZLES[name])


@pytest.mark.parametrize("name", TWEAKREGS)
def test_every_version_of_tweakreg_is_understood(name, tmp_path):
    (run,) = read(tmp_path, "levels", TWEAKREGS[name].lines())
    assert_is_fitted(run, TWEAKREGS[name])


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("version", ["2.1.17", "2.2.6", "3.10.0", "3.11.0"])
def test_lines_are_understood_however_they_were_kept(wrapping, version, tmp_path):
    manner, fits = DrizzleManner(version), TweakRegManner("1.4.7", updatehdr=True)
    drizzled, fitted = read(tmp_path, wrapping, manner.lines(), fits.lines())
    assert_is_drizzled(drizzled, manner)
    assert_is_fitted(fitted, fits)


@pytest.mark.parametrize("wrapping", ["levels", "doubled", "doubled in blocks", "bare"])
def test_several_runs_of_one_file_are_kept_apart(wrapping, tmp_path):
    days = ["08/01/2019", "09/01/2019", "10/01/2019"]
    runs = [DrizzleManner("2.2.6", day=day).lines() for day in days]
    found = read(tmp_path, wrapping, *runs)
    assert [f"{run.started_at:%d/%m/%Y}" for run in found] == days
    assert all(isinstance(run, LoggedRun) and len(run.values) == 4 for run in found)
    assert [run.problems for run in found] == [[], [], []]


def test_a_run_whose_fits_failed_gives_the_reason_and_no_numbers(tmp_path):
    (run,) = read(tmp_path, "levels", TweakRegManner("1.4.7", failed=True).lines())
    assert isinstance(run, LoggedAlignment)
    assert [fit.failure for fit in run.fits] == [
        f"Not enough matches (< 15) found for input image: {name}" for name in run.products[1:]
    ]
    assert {fit.dx_pix for fit in run.fits} == {None}


def _cut(lines: list[str], at: int) -> list[str]:
    return lines[:at]


@given(st.data())
def test_a_cut_never_invents_anything(data):
    manner = data.draw(st.sampled_from(list(DRIZZLES.values())))
    lines = manner.lines()
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    for run in split(lines[start:end]):
        assert isinstance(run, LoggedRun)
        for chip, sky in run.values.items():
            assert sky.mdrizsky == pytest.approx(SKIES[chip], rel=1e-5)
        assert not run.is_mixed


@given(st.data())
def test_a_cut_fit_never_gets_the_numbers_of_another(data):
    manner = data.draw(st.sampled_from(list(TWEAKREGS.values())))
    lines = manner.lines()
    gone = data.draw(st.sets(st.integers(0, len(lines) - 1), max_size=6))
    for run in split([line for n, line in enumerate(lines) if n not in gone]):
        if isinstance(run, LoggedAlignment):
            for fit in run.fits:
                assert (fit.dx_pix, fit.dy_pix) in (manner.shifts.get(fit.product), (None, None))
                assert not (fit.is_written and not manner.updatehdr)


@given(st.data())
def test_lines_of_both_tasks_that_are_mixed_are_given_to_their_own_runs(data):
    drizzles = DrizzleManner(data.draw(st.sampled_from(["2.1.17", "2.2.6", "3.5.1", "3.10.0"])))
    fits = TweakRegManner("3.1.3", updatehdr=data.draw(st.booleans()))
    head, tail = drizzles.lines(), fits.lines()
    # What both print, and lists, are not mixed: nothing in them names the task.
    first, second = head[: head.index("***** " + head[_skymatch(head)][6:])], tail[: _fits(tail)]
    rest = [head[len(first) :], tail[len(second) :]]
    mixed = [*first, *second]
    while any(rest):
        side = data.draw(st.integers(0, 1)) if all(rest) else (0 if rest[0] else 1)
        count = data.draw(st.integers(1, 9))
        mixed, rest[side] = mixed + rest[side][:count], rest[side][count:]
    runs = {type(run): run for run in split(mixed)}
    assert {c: s.printed for c, s in runs[LoggedRun].applied.items()} == {
        chip: f"{sky:.6f}" for chip, sky in SKIES.items()
    }
    assert_is_fitted(runs[LoggedAlignment], fits)


def _skymatch(lines: list[str]) -> int:
    return next(n for n, line in enumerate(lines) if "skymatch started" in line)


def _fits(lines: list[str]) -> int:
    return next(n for n, line in enumerate(lines) if line.startswith("Performing fit"))


@given(st.data())
def test_lines_that_are_repeated_change_nothing(data):
    manner = DrizzleManner(data.draw(st.sampled_from(["2.2.6", "3.10.0", "3.11.0"])))
    lines = [line for line in manner.lines() for _ in range(data.draw(st.integers(1, 2)))]
    (run,) = split(lines)
    assert_is_drizzled(run, manner)


def test_two_runs_of_one_task_whose_lines_are_mixed_have_no_values_that_count():
    one, other = (DrizzleManner("2.2.6", day=day).lines() for day in ("08/01/2019", "09/01/2019"))
    half = len(one) // 2
    runs = split([*one[:half], *other[:half], *one[half:], *other[half:]])
    assert not any(run.is_complete for run in runs if isinstance(run, LoggedRun))
