"""Real signals at many moments: nothing is left open, nothing is left behind, and it goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.services.alignment.align import AlignService
from tests.endtoend.moments import Plan, Trial
from tests.services.tools import Toolbox, checksums, write_catalog, write_visit

REPOSITORY = Path(__file__).resolve().parents[2]
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
INGEST = ["ingest", "{home}/visit"]
RUNS = ["sky", "run", "--method", "all", "--no-selftest"]
SKIES = [*RUNS, "--engine", "skydb", "--no-mosaic", "--force"]
ACCEPT = ["align", "accept", "{fit}", "--force", "--why", "seen", "--write-headers"]

#: Scenes of an ingest, the signal, and what the row of the ingest says.
SCENES = {
    "numpy_loop": "SIGTERM",
    "lost_in_a_finaliser": "SIGINT",
    "taken_for_another_error": "SIGTERM",
    "query_of_the_ledger": "SIGINT",
    "out_of_reach": "SIGTERM",
    "ignored": "SIGTERM",
}


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

    def try_out(
        self, words: list[str], signals: list[str], *, again: bool = True, **plan: object
    ) -> list[Trial]:
        """The trials of a command."""
        told = [word.format(home=self.home, fit=self.fit) for word in words]
        told = ["--db", self.url, "--data", str(self.data), *told]
        path = self.home.parent / "plan.json"
        made = Plan(told, self.url, str(self.data), str(self.home), signals, **plan)  # type: ignore[arg-type]
        if again:
            made = Plan(**{**vars(made), "again": told})
        program = [sys.executable, "-m", "tests.endtoend.moments", str(made.save(path))]
        done = subprocess.run(
            program, cwd=REPOSITORY, capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == 0, done.stderr
        return [Trial(**one) for one in json.loads(done.stdout)]


@pytest.fixture
def field(tmp_path: Path, sqlite_template: Path) -> Field:
    home = tmp_path / "home"
    home.mkdir()
    path = home / "ledger.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    return Field(home, f"sqlite:///{path}")


def _is_over(trial: Trial) -> None:
    assert trial.code == CODES[trial.signal], trial
    assert trial.left_open == [] and trial.litter == [], trial
    assert trial.said.count(f"interrupted by {trial.signal}") == 1, trial
    assert "Traceback" not in trial.said and "Exception ignored" not in trial.said, trial


@pytest.mark.parametrize("words", [SKIES, INGEST], ids=["skies", "ingest"])
def test_at_any_moment_rows_are_closed_and_the_command_can_be_repeated(
    field: Field, words: list[str]
) -> None:
    shares = [0.3, 0.55, 0.7, 0.9]
    for trial in field.try_out(words, list(CODES), shares=shares):
        _is_over(trial)
        assert trial.again in (0, 5), trial
        assert trial.files_again == trial.files


def test_headers_are_written_into_all_files_or_none_and_repeating_it_writes_all(
    field: Field,
) -> None:
    before = {path.name: digest for path, digest in checksums(field.visit).items()}
    trials = field.try_out(ACCEPT, ["SIGTERM", "SIGINT"], shares=[0.6, 0.945, 0.97])
    for trial in trials:
        _is_over(trial)
        changed = {name for name in before if trial.files[name] != before[name]}
        assert len(changed) in (0, 2), trial
        assert trial.again == 0, trial
    (final,) = {json.dumps(trial.files_again) for trial in trials}
    assert sum(json.loads(final)[name] != before[name] for name in before) == 2


def test_headers_that_were_cut_off_by_force_are_completed_by_repeating_it(field: Field) -> None:
    trials = field.try_out(ACCEPT, ["SIGKILL"], shares=[0.94, 0.96, 0.975, 0.99])
    assert {trial.code for trial in trials} == {-9}
    assert {trial.again for trial in trials} == {0}, trials
    assert len({json.dumps(trial.files_again) for trial in trials}) == 1
    assert not any("/visit/" in name for trial in trials for name in trial.litter_again)


def test_wherever_the_main_thread_is_it_ends_and_its_row_says_by_what(field: Field) -> None:
    trials = field.try_out(INGEST, list(SCENES.values()), again=False, scenes=list(SCENES))
    for name, trial in zip(SCENES, trials, strict=True):
        _is_over(trial)
        assert trial.states == {"succeeded": 3, "interrupted": 1}, name


def test_a_command_that_waits_for_another_writer_has_begun_nothing(field: Field) -> None:
    (trial,) = field.try_out(INGEST, ["SIGINT"], again=False, scenes=["another_writer"])
    _is_over(trial)
    assert trial.states == {"succeeded": 3}


def test_tools_end_with_all_that_they_have_started(field: Field) -> None:
    (trial,) = field.try_out(
        RUNS, ["SIGTERM"], again=False, scenes=["tool_with_children"], is_restored=False
    )
    _is_over(trial)
    assert "To go on: skydb" in trial.said and "sky-run" in trial.said
    for pid in map(int, (field.home / "pids").read_text().split()):
        assert not _is_alive(pid)


@pytest.mark.parametrize("scene", ["runs_that_wait", "another_signal_at_the_end"])
def test_no_run_starts_after_the_signal_and_another_one_breaks_nothing(
    field: Field, scene: str
) -> None:
    (trial,) = field.try_out(RUNS, ["SIGHUP"], scenes=[scene])
    _is_over(trial)
    assert trial.states == {"succeeded": 3, "interrupted": 2}
    assert trial.again in (0, 5)


def test_an_archive_that_is_silent_is_not_waited_for(field: Field) -> None:
    words = ["fetch", "--obs-id", "ibxl*"]
    (trial,) = field.try_out(words, ["SIGTERM"], again=False, scenes=["silent_archive"])
    _is_over(trial)


def test_rows_are_closed_on_postgresql_as_well(tmp_path: Path, postgres_ledger_url: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    field = Field(home, postgres_ledger_url)
    trials = field.try_out(SKIES, list(CODES), shares=[0.6, 0.8], is_restored=False)
    trials += field.try_out(
        INGEST, ["SIGTERM"], again=False, is_restored=False,
        scenes=["another_session", "numpy_loop"],
    )  # fmt: skip
    for trial in trials:
        _is_over(trial)


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
