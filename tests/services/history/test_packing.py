"""Runs of logs as they are kept until they are recorded."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from skydb.domain.jsontext import JsonText
from skydb.files.logs import LoggedAlignment, read_tweakreg_log
from skydb.services.history.alignplan import Latest, alignment_plan
from skydb.services.history.companions import Listing
from skydb.services.history.packing import PackedFit, packed_run
from skydb.services.history.plan import AlignmentPlan
from tests.files.loglines import fitted, tweakreg_log, write_log

ONE = "ibxl50030_drz.fits"
#: Files beside a log that may have more of its run.
COMPANIONS = ("shifts.txt", "ibxl50030_drz_catalog_fit.match", "ibxl50030_drz_sci1_xy_catalog.coo")


def kept(home: Path) -> object:
    path = write_log(home / "tweakreg.log", tweakreg_log(fitted(ONE), products=[ONE]))
    (run,) = read_tweakreg_log(path)
    packed = packed_run(path, Listing(home), run, {})
    assert isinstance(packed, PackedFit)
    return pickle.loads(packed.rest)


@pytest.mark.parametrize("name", COMPANIONS)
def test_an_alignment_is_planned_later_where_a_file_beside_it_may_have_more(tmp_path, name):
    (tmp_path / name).touch()
    run, beside = kept(tmp_path)  # type: ignore[misc]
    assert isinstance(run, LoggedAlignment)
    assert beside == {}


def test_an_alignment_alone_is_planned_at_once_whatever_runs_follow(tmp_path: Path) -> None:
    (tmp_path / "ibxl51030_drz_catalog_fit.match").touch()
    plan = kept(tmp_path)
    assert isinstance(plan, AlignmentPlan)
    assert isinstance(plan.parameters, JsonText)
    (run,) = read_tweakreg_log(plan.source.path)
    for latest in (Latest(frozenset(), shift_file=False), Latest(frozenset({ONE}), True)):
        later = alignment_plan(plan.source.path, run, latest, {}, Listing(tmp_path))
        assert later.facts == plan.facts
        assert (later.fits, later.notes, later.evidence) == (plan.fits, plan.notes, ())
