"""Check of headers against the ledger: unfinished writes, and the WCS."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    FileLocation,
    HeaderBackup,
    HeaderRestore,
    HeaderWrite,
    ProductVersion,
)
from skydb.domain.processmark import Fate
from skydb.domain.values import ChipGeometry
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import FileRejectedError
from skydb.services.core import Context, Fates, HeaderRescue, open_activities
from skydb.services.fsck.problems import Problem, ProblemKind

#: Difference of a number in degrees that is less than a microarcsecond.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class HalfWritten:
    """Writes to headers of the user's files of which the process died in the middle.

    Parameters
    ----------
    context : Context
    fates : Fates
    """

    context: Context
    fates: Fates

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        with self.context.store.reading() as session:
            problems = [self._problem(one) for one in self._dead(session)]
        yield from problems

    def paths(self) -> set[Path]:
        """Files that were being written, or are just now."""
        with self.context.store.reading() as session:
            writes = [_write_of(session, one) for one in open_activities(session)]
            return {Path(backup.path) for one in writes if one for backup in one.backups}

    def _dead(self, session: Session) -> list[Activity]:
        return [
            one
            for one in open_activities(session)
            if (isinstance(one, HeaderWrite) and one.backups) or isinstance(one, HeaderRestore)
            if self.fates.of_activity(session, one) is Fate.DEAD
        ]

    def _problem(self, activity: Activity) -> Problem:
        journal, who = HeaderRescue(self.context), activity.process or "its process"
        if isinstance(activity, HeaderRestore):
            write_id = int(activity.parameters["write"])
            mend, repair = partial(journal.restore_again, activity.id, write_id), "it is completed"
        else:
            mend = partial(journal.settle, activity.id)
            repair = "it is completed when all files were written, else undone"
        return Problem(
            ProblemKind.HALF_WRITTEN_HEADERS,
            f"{activity.kind} {activity.id}",
            f"{who} has ended, and was writing to files of the user's",
            repair,
            mend,
        )


@dataclass(frozen=True)
class WcsInFiles:
    """Files whose WCS is not the recorded one.

    Those whose headers skydb has written, and with `deep` all files of versions.

    Parameters
    ----------
    context : Context
    deep : bool
    passed_over : collection of Path
        Files that somebody is writing, or that another problem is about.
    """

    context: Context
    deep: bool = False
    passed_over: Collection[Path] = ()

    def look(self) -> Iterator[Problem]:
        """See :class:`.Check`."""
        for place, version_id in self._places():
            path = self.context.workspace.resolve(place)
            known = self._known(version_id)
            if not path.is_file() or not known or path in self.passed_over:
                continue
            said = _difference(path, known)
            if said:
                yield Problem(
                    ProblemKind.OTHER_WCS,
                    str(path),
                    said,
                    "put the file back, or record what is there now with `skydb ingest`",
                )

    def _places(self) -> list[tuple[str, int]]:
        """Paths with the version that each holds."""
        asked = select(FileLocation.path, FileLocation.version_id).order_by(FileLocation.id)
        if not self.deep:
            written = (
                select(HeaderBackup.version_after_id)
                .join(HeaderWrite, HeaderWrite.id == HeaderBackup.activity_id)
                .where(
                    HeaderBackup.restored_by_id.is_(None),
                    HeaderWrite.status == ActivityStatus.SUCCEEDED,
                )
            )
            asked = asked.where(
                FileLocation.version_id.in_(written), FileLocation.is_managed.is_(False)
            )
        with self.context.store.reading() as session:
            return [(place, version_id) for place, version_id in session.execute(asked)]

    def _known(self, version_id: int) -> dict[int, ChipGeometry]:
        with self.context.store.reading() as session:
            current = session.get_one(ProductVersion, version_id).current_solution
            chips = current.as_facts().chips if current else ()
        return {chip.extver: chip for chip in chips}


def _write_of(session: Session, activity: Activity) -> HeaderWrite | None:
    if isinstance(activity, HeaderRestore):
        return session.get(HeaderWrite, activity.parameters["write"])
    return activity if isinstance(activity, HeaderWrite) else None


def _difference(path: Path, known: dict[int, ChipGeometry]) -> str:
    """Describe the differences of the WCS of a file from the record; empty without any."""
    # `status` asks for dead runs only, and astropy takes longer than that.
    from skydb.files.reader import read_facts

    try:
        found = {chip.extver: chip for chip in read_facts(path).primary.chips}
    except (FileRejectedError, LookupError) as error:
        return f"its WCS cannot be read: {error}"
    other = [extver for extver, chip in known.items() if not _is_alike(chip, found.get(extver))]
    if not other:
        return ""
    return f"the WCS of SCI,{', SCI,'.join(map(str, other))} is not the one on record"


def _is_alike(chip: ChipGeometry, other: ChipGeometry | None) -> bool:
    if other is None:
        return False
    pairs = zip(_numbers(chip), _numbers(other), strict=True)
    return all(math.isclose(a, b, rel_tol=_ROUNDING, abs_tol=_ROUNDING) for a, b in pairs)


def _numbers(chip: ChipGeometry) -> tuple[float, ...]:
    return (*chip.crpix_pix, *chip.crval_deg, *chip.cd_deg)
