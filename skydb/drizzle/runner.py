"""One drizzlepac task, one subprocess, one scratch directory.

drizzlepac takes the current directory as an argument, keeps state in modules
and reads the user's ``~/.teal``; none of that can happen to this process.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import site
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from skydb.drizzle.nursery import TITLE, ForkedProcess, Nursery
from skydb.errors import ToolCrashedError, ToolSilentFailureError
from skydb.interruption import check, current, held

#: Variables of the parent that a task may see; the rest could change a result.
_INHERITED = (
    "PATH",
    "PYTHONPATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "TMP",
    "TEMP",
    "SYSTEMROOT",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "iref",
    "jref",
    "uref",
    "oref",
    "nref",
    "mtab",
    "crrefer",
    "CRDS_PATH",
    # Network settings, which a catalogue task needs; no result depends on them.
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
)
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
#: Causes of exceptions of drizzlepac and stwcs that do not say them.
_CAUSES = {
    ("UnboundLocalError", "cannot access local variable 'scale'"): (
        " (stwcs needs IDCSCALE where a header has IDCV2REF: in an input it is missing)"
    ),
}
_TITLES = {
    "tweakreg": "TweakReg",
    "tweakback": "TweakBack",
    "astrodrizzle": "AstroDrizzle",
    "headerlet": "stwcs.headerlet",
    "catalog": "create_astrometric_catalog",
    "footprints": "SphericalPolygon.from_wcs",
    "sources": "extract_sources",
    "onepass": TITLE,
    "rigid": "tweakwcs",
}
#: With less free space the disk counts as full.
_LEAST_FREE_BYTES = 1 << 20
_Process = subprocess.Popen[bytes] | ForkedProcess
REQUEST = "request.json"
RESULT = "result.json"


class DrizzlepacRunner:
    """Runs tasks of :mod:`skydb.drizzle.tasks`; safe to share between threads.

    Parameters
    ----------
    timeout_s : float
        Longest a task may take before it is killed.
    python : Path, optional
        Interpreter with drizzlepac; by default this one.
    """

    def __init__(self, timeout_s: float = 3600.0, python: Path | None = None) -> None:
        self.timeout_s = timeout_s
        self.python = Path(sys.executable) if python is None else python
        self._nursery: Nursery | None = None

    @contextmanager
    def kept_warm(self) -> Iterator[None]:
        """Fork the processes of one pass, in the block, from one that has imported it all."""
        nursery = self._nursery = Nursery(self.python)
        try:
            yield
        finally:
            self._nursery = None
            with held():
                nursery.close()

    def run(self, task: str, request: Mapping[str, object], scratch: Path) -> dict[str, object]:
        """Run one task and return what it reports.

        Parameters
        ----------
        task : str
            ``tweakreg``, ``tweakback``, ``astrodrizzle`` or ``catalog``.
        request : mapping
            JSON-able arguments; paths in it are relative to `scratch`.
        scratch : Path
            Directory of the run, made when missing; holds the request, the
            result, ``<task>.log`` and whatever drizzlepac leaves behind.

        Raises
        ------
        ToolCrashedError
            The task raised, was killed by a signal or ran out of time.
        ToolSilentFailureError
            The task ended well but left no result.
        Interrupted
            When this thread received a signal, before the task or during it.
        """
        check()
        scratch.mkdir(parents=True, exist_ok=True)
        (scratch / RESULT).unlink(missing_ok=True)
        document = {"task": task, "request": dict(request)}
        (scratch / REQUEST).write_text(json.dumps(document, indent=1), encoding="utf-8")
        log = scratch / f"{task}.log"
        nursery = self._nursery_for(task, request, scratch)
        with log.open("ab") as stream:
            code = self._wait(task, scratch, stream, nursery)
        # After a signal the task was ended on purpose; it did not crash.
        check()
        return _outcome(title_of(task), code, scratch / RESULT, log)

    def _nursery_for(
        self, task: str, request: Mapping[str, object], scratch: Path
    ) -> Nursery | None:
        """Find the process that the task can be forked from."""
        nursery = self._nursery
        if nursery is None or not nursery.suits(task, request):
            return None
        return nursery if nursery.is_ready(scratch, _environment(scratch)) else None

    def _wait(self, task: str, scratch: Path, stream: IO[bytes], nursery: Nursery | None) -> int:
        """Exit code of the task; its whole process group dies with this call."""
        with ExitStack() as stack:
            with held():
                process = self._start(scratch, stream, stack, nursery)
                stack.enter_context(current().watching(process))
                # Here, for a signal may have come while the task was started.
                stack.callback(_kill_group, process)
            return self._end_of(process, task, stream)

    def _start(
        self,
        scratch: Path,
        stream: IO[bytes],
        stack: ExitStack,
        nursery: Nursery | None = None,
    ) -> _Process:
        """The task, in a session of its own; it ends with the pipe that this process holds."""
        theirs, ours = os.pipe()
        stack.callback(os.close, ours)
        environment = _environment(scratch)
        try:
            if nursery is not None:
                forked = nursery.fork(scratch, environment, stream.fileno(), theirs)
                if forked is not None:
                    return forked
            return subprocess.Popen(
                [str(self.python), "-m", "skydb.drizzle.worker", REQUEST, str(theirs)],
                cwd=scratch,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(theirs,),
            )
        finally:
            os.close(theirs)

    def _end_of(self, process: _Process, task: str, stream: IO[bytes]) -> int:
        try:
            return process.wait(timeout=self.timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ToolCrashedError(
                title_of(task),
                f"ran out of time after {self.timeout_s:g} s and was stopped",
                log=stream.name,
                advice="Give it more time or fewer images.",
            ) from error


def title_of(task: str) -> str:
    """Name of a task as people know it."""
    return _TITLES.get(task, task)


def _environment(scratch: Path) -> dict[str, str]:
    """A clean environment: no user settings, one thread, no display.

    HOME is inside the scratch directory because ``~/.teal/imagefindpars.cfg``
    of a user would change the sources of TweakReg without a message.
    """
    home = (scratch / "home").resolve()
    home.mkdir(exist_ok=True)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment.update(dict.fromkeys(_ONE_THREAD, "1"))
    environment.update(
        HOME=str(home),
        XDG_CACHE_HOME=str(cache),
        NUMBA_CACHE_DIR=str(cache / "skydb" / "numba"),
        PYTHONUSERBASE=site.getuserbase(),
        MPLBACKEND="Agg",
        PYTHONUNBUFFERED="1",
        PYTHONPATH=os.pathsep.join(_import_path()),
    )
    return environment


def _import_path() -> list[str]:
    """PYTHONPATH under which the worker imports this very skydb."""
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH", "")
    return [*filter(None, inherited.split(os.pathsep)), root]


def _kill_group(process: _Process) -> None:
    """End the task and whatever it has started, and leave no zombie."""
    with held():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.poll()
        process.wait()


def _outcome(tool: str, code: int, result: Path, log: Path) -> dict[str, object]:
    if code < 0:
        name = signal.Signals(-code).name
        raise ToolCrashedError(tool, f"was killed by {name}", log=log)
    document = _read_result(tool, code, result, log)
    error = document.get("error")
    if isinstance(error, dict):
        message = _one_line(str(error["message"]))
        cause = _CAUSES.get((error["type"], message.partition(" where ")[0]), "")
        raise ToolCrashedError(tool, f"raised {error['type']}: {message}{cause}", log=log)
    if code:
        raise ToolCrashedError(tool, f"ended with exit code {code}", log=log)
    outcome = document.get("outcome")
    if not isinstance(outcome, dict):
        raise ToolSilentFailureError(tool, "ended without an outcome", log=log)
    return outcome


def _one_line(message: str) -> str:
    """The sentence inside the box of # that drizzlepac draws around it."""
    return re.sub(r"[#\s]+", " ", message).strip().removesuffix(".")


def _read_result(tool: str, code: int, result: Path, log: Path) -> dict[str, object]:
    try:
        document = json.loads(result.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if code:
            raise ToolCrashedError(tool, _how_it_ended(code, log), log=log) from error
        raise ToolSilentFailureError(tool, "ended well but left no result", log=log) from error
    except ValueError as error:
        raise ToolCrashedError(tool, "left a result that is not JSON", log=log) from error
    return document if isinstance(document, dict) else {}


def _how_it_ended(code: int, log: Path) -> str:
    """A tool on a full disk cannot even write down why it ended."""
    is_full = shutil.disk_usage(log.parent).free < _LEAST_FREE_BYTES
    return f"ended with exit code {code}" + (", and the disk is full" if is_full else "")
