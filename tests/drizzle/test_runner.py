import json
import os
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from skydb import interruption
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import Interrupted, ToolCrashedError, ToolSilentFailureError

DONE = """echo '{"outcome": {"seen": 1}}' > result.json\n"""


@pytest.fixture
def fake_python(tmp_path):
    """An interpreter that is a shell script."""

    def make(body):
        script = tmp_path / "python"
        script.write_text("#!/bin/sh\n" + body)
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return script

    return make


def ends(pid, within_s=300.0):
    """Wait for the end of a killed process; a busy machine takes its time."""
    deadline = time.monotonic() + within_s
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(pid)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_the_outcome_of_the_task_is_returned_and_what_it_printed_is_logged(tmp_path, fake_python):
    runner = DrizzlepacRunner(python=fake_python("echo hello; echo trouble >&2\n" + DONE))
    outcome = runner.run("tweakreg", {"jobs": []}, tmp_path / "run")
    assert outcome == {"seen": 1}
    assert (tmp_path / "run" / "tweakreg.log").read_text() == "hello\ntrouble\n"
    request = json.loads((tmp_path / "run" / "request.json").read_text())
    assert request == {"task": "tweakreg", "request": {"jobs": []}}


def test_a_task_that_raised_tells_the_exception_and_the_log(tmp_path, fake_python):
    error = """{"error": {"type": "KeyError", "message": "###\\n# NGOODPIX #\\n###"}}"""
    runner = DrizzlepacRunner(python=fake_python(f"cat > result.json <<'E'\n{error}\nE\nexit 1\n"))
    with pytest.raises(ToolCrashedError, match="TweakReg raised KeyError: NGOODPIX") as caught:
        runner.run("tweakreg", {}, tmp_path)
    assert caught.value.log == tmp_path / "tweakreg.log"


def test_a_failure_of_stwcs_for_want_of_a_card_names_the_card(tmp_path, fake_python):
    said = "cannot access local variable 'scale' where it is not associated with a value"
    error = json.dumps({"error": {"type": "UnboundLocalError", "message": said}})
    runner = DrizzlepacRunner(python=fake_python(f"cat > result.json <<'E'\n{error}\nE\nexit 1\n"))
    with pytest.raises(ToolCrashedError, match="stwcs needs IDCSCALE where a header has IDCV2REF"):
        runner.run("astrodrizzle", {}, tmp_path)


def test_a_killed_task_names_the_signal(tmp_path, fake_python):
    runner = DrizzlepacRunner(python=fake_python("kill -SEGV $$\n"))
    with pytest.raises(ToolCrashedError, match="AstroDrizzle was killed by SIGSEGV"):
        runner.run("astrodrizzle", {}, tmp_path)


def test_a_task_that_fails_without_a_word_is_a_crash(tmp_path, fake_python):
    with pytest.raises(ToolCrashedError, match="exit code 3"):
        DrizzlepacRunner(python=fake_python("exit 3\n")).run("tweakreg", {}, tmp_path)


def test_a_task_that_fails_on_a_full_disk_says_so(tmp_path, fake_python, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=4096))
    with pytest.raises(
        ToolCrashedError, match="TweakReg ended with exit code 3, and the disk is full"
    ):
        DrizzlepacRunner(python=fake_python("exit 3\n")).run("tweakreg", {}, tmp_path)


def test_a_task_that_ends_well_without_a_result_is_a_silent_failure(tmp_path, fake_python):
    (tmp_path / "result.json").write_text('{"outcome": {"of": "yesterday"}}')
    with pytest.raises(ToolSilentFailureError, match="left no result"):
        DrizzlepacRunner(python=fake_python("exit 0\n")).run("tweakreg", {}, tmp_path)


@pytest.mark.parametrize(
    ("result", "error"), [("not json", ToolCrashedError), ("[]", ToolSilentFailureError)]
)
def test_a_broken_result_is_an_error(tmp_path, fake_python, result, error):
    runner = DrizzlepacRunner(python=fake_python(f"echo '{result}' > result.json\n"))
    with pytest.raises(error):
        runner.run("tweakreg", {}, tmp_path)


def test_a_task_out_of_time_dies_with_its_children(tmp_path, fake_python):
    body = "sleep 60 &\necho $! > child\nwait\n"
    runner = DrizzlepacRunner(timeout_s=0.7, python=fake_python(body))
    with pytest.raises(ToolCrashedError, match=r"ran out of time after 0\.7 s"):
        runner.run("tweakreg", {}, tmp_path)
    assert ends(int((tmp_path / "child").read_text()))


def test_a_keyboard_interrupt_kills_the_task(tmp_path, fake_python, monkeypatch):
    wait = subprocess.Popen.wait

    def interrupted(process, timeout=None):
        if timeout is None:
            return wait(process)
        while not (tmp_path / "task").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    runner = DrizzlepacRunner(python=fake_python("echo $$ > started; mv started task; sleep 60\n"))
    with pytest.raises(KeyboardInterrupt):
        runner.run("tweakreg", {}, tmp_path)
    assert ends(int((tmp_path / "task").read_text()))


def test_tasks_of_several_threads_stay_in_their_directories(tmp_path, fake_python):
    body = 'sleep 0.2; echo "{\\"outcome\\": {\\"cwd\\": \\"$(pwd)\\"}}" > result.json\n'
    runner = DrizzlepacRunner(python=fake_python(body))
    here = Path.cwd()
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(runner.run, "tweakreg", {}, tmp_path / str(n)) for n in range(4)]
        places = [run.result()["cwd"] for run in runs]
    assert places == [str(tmp_path / str(n)) for n in range(4)]
    assert Path.cwd() == here


def test_the_environment_has_no_settings_of_the_user(tmp_path, fake_python, monkeypatch):
    monkeypatch.setenv("ASTRODRIZ_NO_PARALLEL", "0")
    monkeypatch.setenv("iref", "/reference/files/")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    runner = DrizzlepacRunner(python=fake_python("env > seen\n" + DONE))
    runner.run("tweakreg", {}, tmp_path)
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines())
    assert seen["MPLBACKEND"] == "Agg"
    assert seen["OMP_NUM_THREADS"] == seen["OPENBLAS_NUM_THREADS"] == "1"
    assert seen["iref"] == "/reference/files/"
    assert seen["HOME"] != os.environ.get("HOME")
    assert "ASTRODRIZ_NO_PARALLEL" not in seen


def test_the_real_worker_reports_a_task_that_does_not_exist(tmp_path, fresh_workers):
    with pytest.raises(ToolCrashedError, match="There is no task 'rm'"):
        DrizzlepacRunner(timeout_s=60).run("rm", {}, tmp_path)
    assert "Traceback" in (tmp_path / "rm.log").read_text()


def test_the_real_worker_locates_an_error_without_a_message(tmp_path, fresh_workers):
    with pytest.raises(ToolCrashedError, match="raised KeyError: 'jobs'"):
        DrizzlepacRunner(timeout_s=60).run("tweakback", {}, tmp_path)


def test_a_signal_while_a_task_is_started_ends_the_task(tmp_path, fake_python, monkeypatch):
    pids = tmp_path / "pids"
    runner = DrizzlepacRunner(python=fake_python(f"sleep 600 &\necho $! $$ > {pids}\nwait\n"))
    start = DrizzlepacRunner._start

    def interrupted(self, *arguments):
        process = start(self, *arguments)
        while not (pids.is_file() and len(pids.read_text().split()) == 2):
            time.sleep(0.01)
        interruption.stop_all("SIGTERM")
        return process

    monkeypatch.setattr(DrizzlepacRunner, "_start", interrupted)
    try:
        with pytest.raises(Interrupted):
            runner.run("tweakreg", {}, tmp_path / "run")
    finally:
        interruption.forget()
    assert all(ends(int(pid)) for pid in pids.read_text().split())
