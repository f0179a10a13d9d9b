"""Processes of this machine: the present one, and the state of another."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.domain.processmark import Fate, ProcessIdentity, ProcessMark

if TYPE_CHECKING:
    import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MACHINE_ID = Path("/etc/machine-id")
_NAMESPACE = Path("/proc/self/ns/pid")

#: Module that every subprocess of a tool is started with.
_TOOL = "skydb.drizzle.worker"

#: Longest wait for a process that was killed.
_PATIENCE_S = 5.0

#: Room of the ledger for each.
_LONGEST_HOST, _LONGEST_WORD = 255, 64


def this_process() -> ProcessIdentity:
    """The present process; a child that was forked is another one."""
    return _identity(os.getpid())


def available_cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fate_of(process: ProcessMark) -> Fate:
    """Find whether a process still runs.

    Only processes of this machine are alive or dead: those that started since its boot are
    looked up by number and start, so that another process with the same number is not taken
    for it; those before its boot are dead. Where the machine cannot be distinguished from
    others of its name, they are unknown.

    Parameters
    ----------
    process : ProcessMark
        The process.
    """
    import psutil

    here = this_process()
    mark = here.mark
    if process.place != mark.place:
        return Fate.UNKNOWN
    if process.boot != mark.boot:
        return Fate.DEAD if here.machine else Fate.UNKNOWN
    if process.namespace != mark.namespace:
        return Fate.UNKNOWN
    try:
        found = psutil.Process(process.pid)
        runs = found.status() != psutil.STATUS_ZOMBIE
        is_same = process.is_same_start(_started_s(found))
    except psutil.NoSuchProcess:
        return Fate.DEAD
    except psutil.AccessDenied:
        return Fate.UNKNOWN
    return Fate.ALIVE if runs and is_same else Fate.DEAD


def end_tools_below(directory: Path) -> list[int]:
    """End the tools of skydb that still work in a directory for a process that has ended.

    Each is ended with all its children. Other processes in the directory are
    left alone.

    Parameters
    ----------
    directory : Path
        A scratch directory.

    Returns
    -------
    list of int
        Numbers of the processes that were ended.
    """
    import psutil

    tools = [one for one in _processes_below(directory) if _is_tool(one)]
    for tool in tools:
        for process in [*tool.children(recursive=True), tool]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    psutil.wait_procs(tools, timeout=_PATIENCE_S)
    return [tool.pid for tool in tools]


def _processes_below(directory: Path) -> Iterator[psutil.Process]:
    """Processes whose current directory is a directory or below it, as far as one may look."""
    import psutil

    home = directory.resolve()
    for process in psutil.process_iter():
        try:
            place = Path(process.cwd())
        except (psutil.Error, OSError):
            continue
        if place.is_relative_to(home):
            yield process


def _is_tool(process: psutil.Process) -> bool:
    import psutil

    try:
        return _TOOL in process.cmdline()
    except psutil.Error:
        return False


@cache
def _identity(pid: int) -> ProcessIdentity:
    import psutil

    return ProcessIdentity(
        host=socket.gethostname()[:_LONGEST_HOST],
        machine=_word(_MACHINE_ID),
        boot_id=_word(_BOOT_ID),
        namespace=_namespace(),
        pid=pid,
        started_s=_started_s(psutil.Process(pid)),
    )


def _started_s(process: psutil.Process) -> float:
    """Start of a process since that of the machine, which a clock that is set does not move."""
    import psutil

    started: float = process.create_time()
    return started - psutil.boot_time() if _word(_BOOT_ID) else started


@cache
def _word(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()[:_LONGEST_WORD] or None
    except (OSError, ValueError):
        return None


def _namespace() -> str | None:
    try:
        return str(_NAMESPACE.readlink())[:_LONGEST_WORD]
    except OSError:
        return None
