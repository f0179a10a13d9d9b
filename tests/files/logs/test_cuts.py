"""Logs that were copied while they were written: cut at any byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.domain.vocabulary import SkyMethod
from skydb.files.logs import LogFile, Logged, LoggedAlignment, LoggedRun
from tests.files.logs.manners import DrizzleManner, TweakRegManner, levels

MANNERS = [
    DrizzleManner("2.2.6", SkyMethod.GLOBALMIN_MATCH),
    DrizzleManner("3.11.0"),
    TweakRegManner("1.4.7", updatehdr=True),
    TweakRegManner("3.11.0", geometry="general"),
]


def read(path: Path, content: bytes, checkpoints: frozenset[int] = frozenset()) -> list[Logged]:
    path.write_bytes(content)
    return [run for run, _ in LogFile(path, checkpoints).runs()]


def numbers(run: Logged) -> dict[object, object]:
    """Every number of a run, by what it is of."""
    if isinstance(run, LoggedRun):
        skies = [*run.computed.values(), *run.skies]
        return {(sky.chip, len(sky.printed)): sky.printed for sky in skies}
    names = ("dx_pix", "dy_pix", "rotation_deg", "scale", "x_rms_pix", "y_rms_pix", "nmatches")
    fits = {(fit.product, name): getattr(fit, name) for fit in run.fits for name in names}
    found = {key: number for key, number in fits.items() if number is not None}
    return found | {key: number for key, number in run.sources.items()}


@pytest.mark.parametrize("manner", MANNERS, ids=lambda manner: manner.version)
def test_a_log_that_is_cut_at_any_byte_gives_no_number_of_its_own(manner, tmp_path):
    content = levels(manner.lines()).encode()
    (whole,) = read(tmp_path / "log", content)
    for end in range(0, len(content), 11):
        for run in read(tmp_path / "log", content[:end]):
            assert numbers(run).items() <= numbers(whole).items()
            assert run.is_complete or not run.has_ended
            if isinstance(run, LoggedAlignment) and not run.is_complete:
                assert run.is_cut


@pytest.mark.parametrize("manner", MANNERS, ids=lambda manner: manner.version)
def test_a_log_that_has_grown_since_begins_as_it_did(manner, tmp_path):
    content = levels(manner.lines()).encode()
    (complete,) = read(tmp_path / "log", content)
    cut = [
        run for end in range(0, len(content), 61) for run in read(tmp_path / "log", content[:end])
    ]
    (whole,) = read(tmp_path / "log", content, frozenset(run.lines.count for run in cut))
    assert len(cut) > 20
    for run in cut:
        if run.is_complete:
            assert run.lines.identity == complete.lines.identity
        else:
            assert whole.lines.beginnings[run.lines.count] == run.lines.identity


@pytest.mark.parametrize("manner", MANNERS, ids=lambda manner: manner.version)
def test_a_log_whose_last_line_has_no_end_is_whole(manner, tmp_path):
    content = levels(manner.lines()).encode()
    (plain,), (bare,) = (read(tmp_path / "log", text) for text in (content, content.rstrip()))
    assert bare.is_complete
    assert bare.lines.identity == plain.lines.identity


def test_a_number_that_ends_a_file_is_not_taken(tmp_path):
    lines = TweakRegManner("1.4.7").lines()
    shift = next(n for n, line in enumerate(lines) if line.startswith("XSH"))
    content = levels(lines[: shift + 1]).encode()
    whole = content.rstrip().decode()
    end = len(whole) - len(lines[shift]) + lines[shift].index("YSH: -1") + len("YSH: -1")
    (run,) = read(tmp_path / "log", content[:end])
    assert isinstance(run, LoggedAlignment)
    assert (run.fits[0].dx_pix, run.unfinished) == (None, "j9irw4b1q_flc.fits")
