"""Files of the data root that no row names."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Activity, ProductVersion, SkyRun, VisitDrizzle
from skydb.domain.processmark import Fate
from skydb.domain.vocabulary import ActivityKind, ActivityStatus
from skydb.files.checksum import sha256_of
from skydb.files.removal import require_below
from skydb.services.core import open_activities
from skydb.services.fsck.problems import CheckOfProcesses, Problem, ProblemKind
from skydb.services.fsck.runs import others_at_work
from skydb.services.fsck.unnamed import HOMES, files_below, is_companion, unnamed

#: Endings of files that `skydb ingest` can take.
_IMAGES = (".fits", ".fit", ".fts")
#: Commands whose files go to directories named by their checksum.
_MAKERS = {
    "versions": (
        ActivityKind.ACCEPTANCE,
        ActivityKind.RESTORATION,
        ActivityKind.HEADER_WRITE,
        ActivityKind.HEADER_RESTORE,
        ActivityKind.DRIZZLE,
    ),
    "catalogs": (ActivityKind.CATALOG,),
    "history": (ActivityKind.IMPORT,),
}

_CONTENT = re.compile(r"[0-9a-f]{12}")
_RUN = re.compile(r"(\d+)(?:\.\d+)?(?:-\d+)?")

_ENDED_BADLY = (ActivityStatus.FAILED, ActivityStatus.INTERRUPTED)

#: Longest that something runs, and what the clocks of files and of the ledger are apart.
_LONGEST, _SLACK = timedelta(days=1), timedelta(seconds=10)


@dataclass(frozen=True)
class Orphans(CheckOfProcesses):
    """Files below the data root that no row names, when nothing is running.

    A file is deleted only when it is certain that an activity of this ledger which
    ended badly has made it, or that the same file exists at another path. Another ledger
    may have the same data root, and a database may have been restored from a backup.
    """

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        # First the disk: what is recorded in the meantime is then no orphan.
        files = files_below(self.context.workspace)
        with self.context.store.reading() as session:
            if others_at_work(session, self.fates):
                return
            found = unnamed(session, self.context.workspace, files)
            reasons = [(path, self._why_ours(session, path)) for path in found]
        for path, why in reasons:
            yield self._problem(path, why)

    def _problem(self, path: Path, why: str | None) -> Problem:
        if why is None:
            advice = "nothing is deleted: remove it when no other ledger has this data root"
            if path.name.lower().removesuffix(".gz").endswith(_IMAGES):
                advice += ", or record it with `skydb ingest`"
            if path.is_relative_to(self.context.workspace.root / "mast"):
                advice = "the next `skydb fetch` or `skydb ingest` records it"
            return Problem(ProblemKind.ORPHANED_FILE, str(path), "no row names it", advice)
        known = f"no row names it; {why}"
        return Problem(
            ProblemKind.ORPHANED_FILE, str(path), known, "it is deleted", lambda: self._delete(path)
        )

    def _delete(self, path: Path) -> str | None:
        """Delete while no other process can write to the ledger, if it still is an orphan."""
        root = self.context.workspace.root
        with self.context.store.writing() as session:
            if others_at_work(session, self.fates) or not unnamed(
                session, self.context.workspace, [path]
            ):
                return "left alone: a running activity may use it"
            require_below(root, path).unlink(missing_ok=True)
            session.commit()
        for directory in (path.parent, path.parent.parent):
            if directory not in (root, *(root / home for home in HOMES)) and _is_empty(directory):
                directory.rmdir()
        return None

    def _why_ours(self, session: Session, path: Path) -> str | None:
        """Explain why it may be deleted; None when it may not."""
        home, *parts = path.relative_to(self.context.workspace.root).parts
        if home == "runs" and (found := _RUN.fullmatch(parts[0])):
            run = session.get(Activity, int(found[1]))
            if (
                isinstance(run, SkyRun | VisitDrizzle)
                and self._has_ended_badly(session, run)
                and _is_of(run, path)
            ):
                return f"run {run.id} did not end well"
            return None
        if home not in _MAKERS or len(parts) < 2 or not _CONTENT.fullmatch(parts[-2]):
            return None
        sha256 = sha256_of(path)
        if sha256[:12] != parts[-2] and not is_companion(path):
            return None
        if home == "versions" and self._is_elsewhere(session, sha256):
            return "the same file exists at another path"
        maker = self._maker(session, home, path)
        return None if maker is None else f"{maker.kind} {maker.id} did not end well"

    def _is_elsewhere(self, session: Session, sha256: str) -> bool:
        same = select(ProductVersion).where(ProductVersion.sha256 == sha256)
        places = [place.path for one in session.scalars(same) for place in one.locations]
        paths = [self.context.workspace.resolve(place) for place in places]
        return any(path.is_file() and sha256_of(path) == sha256 for path in paths)

    def _maker(self, session: Session, home: str, path: Path) -> Activity | None:
        """Find the activity that ended badly and was running when the file was made."""
        asked = select(Activity).where(
            Activity.kind.in_(_MAKERS[home]), Activity.status.in_(_ENDED_BADLY)
        )
        dead = [one for one in open_activities(session) if one.kind in _MAKERS[home]]
        return next(
            (
                one
                for one in [*session.scalars(asked), *dead]
                if self._has_ended_badly(session, one) and _is_of(one, path)
            ),
            None,
        )

    def _has_ended_badly(self, session: Session, activity: Activity) -> bool:
        if activity.imported_by_id is not None:
            return False
        return activity.ended_badly or (
            activity.status in (ActivityStatus.PENDING, ActivityStatus.RUNNING)
            and self.fates.of_activity(session, activity) is Fate.DEAD
        )


def _is_of(activity: Activity, path: Path) -> bool:
    """Whether a file was written while an activity was running."""
    if activity.started_at is None:
        return False
    written = path.stat().st_mtime
    begin = (activity.started_at - _SLACK).timestamp()
    end = (activity.finished_at + _SLACK).timestamp() if activity.finished_at else time.time()
    return begin <= written <= min(end, begin + _LONGEST.total_seconds())


def _is_empty(directory: Path) -> bool:
    return directory.is_dir() and not any(directory.iterdir())
