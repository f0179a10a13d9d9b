"""Changes of the copies that a tool was given, card by card.

Every call of drizzlepac goes through a runner, and every request names the copies of its
jobs; so a runner is the one place from which all of them can be watched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skydb.domain.cardchanges import CardChanges
from skydb.drizzle.runner import DrizzlepacRunner, title_of
from skydb.errors import UnreadableFileError
from skydb.files.carddiff import FileState, changes_between, state_of


@dataclass(frozen=True)
class CopyChanges:
    """Changes by one tool in its copy of one file, known by its name."""

    tool: str
    filename: str
    changes: CardChanges


class RecordingRunner(DrizzlepacRunner):
    """Runs tasks as another runner does and remembers what became of the copies.

    Parameters
    ----------
    runner : DrizzlepacRunner
        Who runs them.
    """

    def __init__(self, runner: DrizzlepacRunner) -> None:
        super().__init__(runner.timeout_s, runner.python)
        self._runner = runner
        self._seen: dict[tuple[str, str], CopyChanges] = {}

    @property
    def seen(self) -> list[CopyChanges]:
        """One entry for each tool and file; of a file given twice, the last."""
        return list(self._seen.values())

    def run(self, task: str, request: Mapping[str, object], scratch: Path) -> dict[str, object]:
        """Run :meth:`DrizzlepacRunner.run`; changes of a failed task are recorded, too."""
        before = {path: state_of(path) for path in _copies(request, scratch)}
        try:
            return self._runner.run(task, request, scratch)
        finally:
            for path, state in before.items():
                changes = changes_between(state, _state_after(path))
                found = CopyChanges(title_of(task), path.name, changes)
                self._seen[found.tool, found.filename] = found


def _copies(request: Mapping[str, Any], scratch: Path) -> list[Path]:
    """The copies that a request names, as the tasks read it.

    A task that only reads the user's files, such as one pass, has none: its ``jobs`` is how many
    it does beside each other.
    """
    jobs = request.get("jobs", ())
    return [
        scratch / job["directory"] / name
        for job in (jobs if isinstance(jobs, Sequence) else ())
        for name in (*job.get("inputs", ()), *job.get("exposures", ()), *_drizzled(job))
    ]


def _drizzled(job: Mapping[str, Any]) -> list[str]:
    return [job["drizzled"]] if "drizzled" in job else []


def _state_after(path: Path) -> FileState:
    """Read the state of a copy; empty when the tool left no FITS file of it."""
    try:
        return state_of(path)
    except UnreadableFileError:
        return {}
