"""Files of processes that were killed: drafts, scratch, parts of downloads."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from skydb.domain.processmark import Fate, ProcessMark
from skydb.files.drafts import owner_of_draft, owner_of_scratch
from skydb.files.processes import end_tools_below, fate_of
from skydb.files.removal import PURGE_LABEL, put_back
from skydb.files.together import end_draft, is_whole
from skydb.services.fsck.problems import CheckOfProcesses, Problem, ProblemKind
from skydb.store.engine import sqlite_path

#: Age at which a download, or work on an unknown machine, is taken as abandoned.
_OLD_S = 7 * 86_400

#: Files beside which drafts may be.
_BESIDE = """
SELECT path FROM file_locations WHERE NOT is_managed UNION SELECT path FROM header_backups
"""

#: Directory below the data root where parts of downloads wait to be gone on with.
_PARTS = "partial"

_OF_PARTS = (".part", ".json", ".lock")

#: Files that may be drafts; that of a database has logs beside it.
_DRAFTS = ".*.part*"


@dataclass(frozen=True)
class Litter(CheckOfProcesses):
    """Drafts and scratch directories whose process is gone, and old parts of downloads.

    Drafts are looked for below the data root, beside the database, in the current directory
    and beside every file of the user's that is on record. Only names that skydb alone gives
    are taken for drafts; a process that cannot be asked after counts as gone after a week.
    """

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        marks = self._given_up()
        yield from self._scratch(marks)
        for draft in sorted(self._drafts()):
            mark = owner_of_draft(draft)
            if mark is not None and _is_gone(mark, draft, marks):
                yield Problem(
                    ProblemKind.DRAFT,
                    str(draft),
                    f"left by process {mark.pid}, which has ended",
                    f"its files are put in {draft.parent}" if is_whole(draft) else "it is deleted",
                    lambda draft=draft: end_draft(draft),  # type: ignore[misc]
                )
        yield from self._old_parts()

    def _given_up(self) -> set[str]:
        """Places of the machines that are said to be gone, as they are in marks."""
        if not self.fates.gone:
            return set()
        from sqlalchemy import select

        from skydb.domain import Process

        with self.context.store.reading() as session:
            asked = select(Process).where(Process.host.in_(self.fates.gone))
            return {one.identity.mark.place for one in session.scalars(asked)}

    def _scratch(self, gone: Collection[str]) -> Iterator[Problem]:
        parent = self.context.workspace.root / "scratch"
        for directory in sorted(parent.iterdir()) if parent.is_dir() else ():
            owner = owner_of_scratch(directory)
            if owner is None or not _is_gone(owner[1], directory, gone):
                continue
            label, mark = owner
            yield Problem(
                ProblemKind.SCRATCH,
                str(directory),
                f"left by process {mark.pid}, which has ended",
                self._announced(label),
                lambda at=directory, label=label: self._retire(at, label),  # type: ignore[misc]
            )

    def _announced(self, label: str) -> str:
        back = "its mosaic is put back, " if self._set_aside(label) else ""
        logs = f"; its logs go to logs/{label}" if self._is_of_failure(label) else ""
        return f"{back}it is deleted{logs}"

    def _retire(self, directory: Path, label: str) -> str | None:
        tools = end_tools_below(directory)
        self._put_back(directory, label)
        if directory.is_dir():
            kept = label if self._is_of_failure(label) else None
            self.context.workspace.retire(directory, kept)
        numbers = ", ".join(map(str, tools))
        return (
            f"process {numbers} still worked and is ended; then it is deleted" if numbers else None
        )

    def _is_of_failure(self, label: str) -> bool:
        """Whether a label's run, or one that was of one pass with it, did not end well."""
        from sqlalchemy import select

        from skydb.domain import Activity, SkyRun
        from skydb.domain.vocabulary import ActivityStatus
        from skydb.services.fsck.runs import passes_before

        number = label.rpartition("-")[2]
        with self.context.store.reading() as session:
            activity = session.get(Activity, int(number)) if number.isdigit() else None
            if activity is None or activity.status is not ActivityStatus.SUCCEEDED:
                return True
            others = select(SkyRun).where(
                SkyRun.process_id == activity.process_id,
                SkyRun.status != ActivityStatus.SUCCEEDED,
            )
            later = session.scalars(others)
            return any(activity.id in passes_before(session, run) for run in later)

    def _put_back(self, directory: Path, label: str) -> None:
        """Put back what a purge had set aside when it was killed before it was on record."""
        put_back(
            [self.context.workspace.resolve(text) for text in self._set_aside(label)], directory
        )

    def _set_aside(self, label: str) -> tuple[str, ...]:
        """Files that a purge of this label was to delete, and has not by the ledger."""
        number = label.removeprefix(PURGE_LABEL)
        if number == label or not number.isdigit():
            return ()
        from skydb.domain import SkyRun

        with self.context.store.reading() as session:
            run = session.get(SkyRun, int(number))
            return run.pixel_files if run and run.mosaic and not run.mosaic.purged_at else ()

    def _drafts(self) -> set[Path]:
        root = self.context.workspace.root
        found = {path for path in root.rglob(_DRAFTS) if "scratch" not in path.parts}
        for directory in self._directories():
            found |= set(directory.glob(_DRAFTS)) if directory.is_dir() else set()
        return {path for path in found if not path.is_symlink()}

    def _directories(self) -> set[Path]:
        """List directories in which skydb may have written beside files of others."""
        database = sqlite_path(self.context.store.engine.url)
        resolve = self.context.workspace.resolve
        with self.context.store.asking() as connection:
            files = {resolve(path) for path in connection.execute(text(_BESIDE)).scalars()}
        places = {path.parent for path in files} | {path.resolve().parent for path in files}
        return places | {Path.cwd(), *([database.parent] if database else [])}

    def _old_parts(self) -> Iterator[Problem]:
        parent = self.context.workspace.root / _PARTS
        for path in sorted(parent.iterdir()) if parent.is_dir() else ():
            if path.suffix in _OF_PARTS and _age_s(path) > _OLD_S:
                yield Problem(
                    ProblemKind.OLD_DOWNLOAD,
                    str(path),
                    "part of a download without progress for a week",
                    "it is deleted",
                    lambda path=path: path.unlink(missing_ok=True),  # type: ignore[misc]
                )


def _is_gone(mark: ProcessMark, path: Path, gone: Collection[str]) -> bool:
    fate = fate_of(mark)
    if fate is Fate.UNKNOWN:
        return mark.place in gone or _age_s(path) > _OLD_S
    return fate is Fate.DEAD


def _age_s(path: Path) -> float:
    return time.time() - path.lstat().st_mtime
