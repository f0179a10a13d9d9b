"""Real signals at many moments: nothing is left open, nothing is left behind, and it goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from skydb.api.composition import Services
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from tests.endtoend.moments import Plan, Trial
from tests.services.tools import (
    Toolbox,
    checksums,
    write_catalog,
    write_exposure,
    write_product,
    write_visit,
)

REPOSITORY = Path(__file__).resolve().parents[2]
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
INGEST = ["ingest", "{home}/visit"]
RUNS = ["sky", "run", "--method", "all", "--no-selftest"]
SKIES = [*RUNS, "--engine", "skydb", "--no-mosaic", "--force"]
ACCEPT = ["align", "accept", "{fit}", "--force", "--why", "seen", "--write-headers"]

IN_AN_INGEST = [
    *("numpy_loop", "lost_in_a_finaliser", "taken_for_another_error"),
    *("query_of_the_ledger", "out_of_reach", "ignored", "connection_given_back"),
]
IN_RUNS = ["tool_with_children", "runs_that_wait", "another_signal_at_the_end"]
CUT_OFF = ["after_the_acceptance", "between_two_headers"]
ONE_INTERRUPTED = {"succeeded": 3, "interrupted": 1}


class Field:
    """A ledger with a visit that was fitted, in a directory of its own."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url, self.data = home, url, home / "data"
        self.visit = write_visit(home / "visit")
        services = Services.open(url, self.data)
        services.ingest.ingest(self.visit)
        services.refcat.import_file(write_catalog(home), 2016.0, "gaia")
        self.fit = AlignService(services.context, Toolbox()).run("gaia")
        services.close()

    def plan(
        self, words: list[str], signals: list[str], *, again: bool = False, **more: Any
    ) -> Plan:
        """Plan of a trial of a command, and whether it is repeated afterwards."""
        told = [word.format(home=self.home, fit=self.fit) for word in words]
        told = ["--db", self.url, "--data", str(self.data), *told]
        places = (self.url, str(self.data), str(self.home))
        return Plan(told, *places, signals, again=told if again else None, **more)

    def try_out(self, *plans: Plan) -> list[list[Trial]]:
        """The trials of some plans, by one program."""
        path = self.home.parent / "plans.json"
        path.write_text(json.dumps([asdict(plan) for plan in plans]), encoding="utf-8")
        program = [sys.executable, "-m", "tests.endtoend.moments", str(path)]
        done = subprocess.run(
            program, cwd=REPOSITORY, capture_output=True, text=True, timeout=500, check=False
        )
        assert done.returncode == 0, done.stderr
        found = [[Trial(**one) for one in trials] for trials in json.loads(done.stdout)]
        for trial in (one for trials in found for one in trials if one.signal != "SIGKILL"):
            assert trial.code == CODES[trial.signal], trial
            assert trial.left_open == [] and trial.litter == [], trial
            assert trial.said.count(f"interrupted by {trial.signal}") == 1, trial
            assert "Traceback" not in trial.said and "Exception ignored" not in trial.said, trial
            assert trial.again in (None, 0, 5), trial
        return found


@pytest.fixture
def field(tmp_path: Path, sqlite_template: Path) -> Field:
    home = tmp_path / "home"
    home.mkdir()
    path = home / "ledger.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    return Field(home, f"sqlite:///{path}")


def test_at_any_moment_rows_are_closed_and_the_command_can_be_repeated(field: Field) -> None:
    before = {path.name: digest for path, digest in checksums(field.visit).items()}
    skies, ingest, accepted, killed = field.try_out(
        field.plan(SKIES, ["SIGHUP"], again=True, shares=[0.7]),
        field.plan(INGEST, ["SIGINT", "SIGTERM"], shares=[0.4, 0.8]),
        field.plan(ACCEPT, ["SIGTERM"], scenes=["between_two_headers"]),
        field.plan(ACCEPT, ["SIGKILL"], again=True, scenes=CUT_OFF),
    )
    assert all(trial.files == before for trial in (*skies, *ingest))
    # All files or none: those that an orderly end leaves, and those after the repetition.
    assert [trial.files for trial in accepted] == [before]
    assert [_changed(before, trial.files) for trial in killed] == [0, 1]
    for trial in killed:
        assert (trial.code, trial.again) == (-9, 0), trial
        assert _changed(before, trial.files_again) == 3
        assert not any("/visit/" in name for name in trial.litter_again)
    assert "/visit/" in killed[1].litter[0]


def test_wherever_a_command_is_it_ends_and_no_run_starts_after_the_signal(field: Field) -> None:
    fetch = ["fetch", "--obs-id", "ibxl*"]
    signals = ["SIGTERM", "SIGINT", "SIGHUP"]
    ingest, waiting, runs, _ = field.try_out(
        field.plan(INGEST, signals[:2], scenes=IN_AN_INGEST),
        field.plan(INGEST, ["SIGINT"], scenes=["another_writer"]),
        field.plan(RUNS, signals, scenes=IN_RUNS),
        field.plan(fetch, ["SIGTERM"], scenes=["silent_archive"]),
    )
    assert [trial.states for trial in ingest] == [ONE_INTERRUPTED] * len(IN_AN_INGEST)
    assert [trial.states for trial in waiting] == [{"succeeded": 3}]
    for trial in runs:
        assert trial.states == {"succeeded": 3, "interrupted": 2}, trial
        assert "To go on: skydb" in trial.said and "sky-run" in trial.said
        assert [pid for pid in trial.processes if _is_alive(pid)] == []
    assert [len(trial.processes) for trial in runs] == [2, 0, 0]


def test_rows_are_closed_on_postgresql_as_well(tmp_path: Path, postgres_ledger_url: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    field = Field(home, postgres_ledger_url)
    waiting, crunching, _ = field.try_out(
        field.plan(INGEST, ["SIGINT"], is_restored=False, scenes=["another_session"]),
        field.plan(
            INGEST, ["SIGTERM"], is_restored=False, scenes=["numpy_loop", "connection_given_back"]
        ),
        field.plan(RUNS, ["SIGHUP"], is_restored=False, scenes=["runs_that_wait"]),
    )
    assert [trial.states for trial in (*waiting, *crunching)] == [
        {"succeeded": 3}, ONE_INTERRUPTED, {"succeeded": 3, "interrupted": 2},
    ]  # fmt: skip


def test_fits_that_are_recorded_when_a_signal_comes_stand(field: Field) -> None:
    services = Services.open(field.url, field.data)
    members = ("ibxl51iaq", "ibxl51ibq")
    files = [write_exposure(field.home / "visit2", member) for member in members]
    files.append(write_product(field.home / "visit2", "ibxl51010_drz.fits", members))
    services.ingest.ingest(files)
    fit = ["align", "run", "--refcat", "gaia"]
    plan = field.plan(fit, ["SIGINT"], is_restored=False, scenes=["between_two_fits"])
    ((trial,),) = field.try_out(plan)
    run = field.fit + 2
    assert 0.0 <= trial.seconds < 60.0
    assert f"alignment {run} interrupted" in trial.said
    assert f"that stand: 1 (`skydb align accept {run}`)" in trial.said
    (row,) = services.solutions.fits(run)
    assert row["status"] == "proposed"
    outcomes = AcceptService(services.context, Toolbox()).accept(run, force_why="seen")
    assert {one.status.value for one in outcomes} == {"applied"}
    services.close()


def _changed(before: dict[str, str], after: dict[str, str]) -> int:
    return sum(after[name] != before[name] for name in before)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").is_dir()
    return state not in "ZX"
