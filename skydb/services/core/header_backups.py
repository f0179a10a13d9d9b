"""Headers that are about to be written: their backups, and the present state of the files."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import FileLocation, HeaderBackup, HeaderWrite, ProductVersion
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import StateError
from skydb.files.checksum import sha256_of
from skydb.files.entries import each_once, entry_of
from skydb.files.textfile import is_packed
from skydb.files.workspace import Workspace
from skydb.services.core.context import Context


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """One of the user's files whose headers were written or put back."""

    activity: int
    path: str
    filename: str
    version_before: int
    version_after: int


class HeaderChanges(list[HeaderChange]):
    """Files whose headers were written or put back.

    Parameters
    ----------
    changes : iterable of HeaderChange
        One for each file that has other headers now.
    remarks : iterable of str
        Sentences on files that were left as they are, or lost something.
    """

    def __init__(self, changes: Iterable[HeaderChange], remarks: Iterable[str] = ()) -> None:
        super().__init__(changes)
        self.remarks = list(remarks)


@dataclass(frozen=True)
class FilePair:
    """A file of the user's, its version now and the version that it is to get.

    Parameters
    ----------
    path : Path
        The file.
    before_id, after_id : int
        The versions, of one exposure and with the same pixels.
    after_path : Path
        Path of skydb's copy of the version that the file is to get.
    after_sha256 : str
        Its checksum.
    """

    path: Path
    before_id: int
    after_id: int
    after_path: Path
    after_sha256: str


@dataclass(frozen=True)
class UnfinishedWrite:
    """A writing of headers that did not come to its end, and was not undone.

    Parameters
    ----------
    activity : int
    status : ActivityStatus
    paths : tuple of Path
        The user's files; none when it had not got to the first.
    """

    activity: int
    status: ActivityStatus
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class KeptHeaders:
    """The headers of one file before it was written, and what the file has now.

    Parameters
    ----------
    path : Path
    headers : list of str
        By HDU.
    before, after, now : str or None
        Checksums: of what it had, was to get, and has; None when the file is gone.
    is_recorded : bool
        Whether the ledger knows what is there: a version, such as a newer delivery in the place
        of the file, or that no file lies there any more.
    rewritten_by : int, optional
        Later activity that has written what it has, and was not taken back.
    """

    path: Path
    headers: list[str]
    before: str
    after: str
    now: str | None
    is_recorded: bool = False
    rewritten_by: int | None = None

    @classmethod
    def of(cls, session: Session, backup: HeaderBackup, place: str) -> KeptHeaders:
        """Read the headers of a backup from its file, which the ledger has at a place."""
        path = Path(backup.path)
        now = sha256_of(path) if path.is_file() else None
        of_now = select(ProductVersion.id).where(ProductVersion.sha256 == now)
        at_place = select(FileLocation.id).where(FileLocation.path == place)
        found = session.scalar((at_place if now is None else of_now).limit(1))
        is_recorded = (found is None) == (now is None)
        return cls(
            path,
            backup.headers,
            backup.before.sha256,
            backup.after.sha256,
            now,
            is_recorded,
            _last_writer(session, backup, now),
        )

    @property
    def is_written(self) -> bool:
        """Whether the file has what was written to it."""
        return self.now == self.after

    @property
    def is_foreign(self) -> bool:
        """Whether the file is gone, or another program has written to it since."""
        return self.now not in (self.before, self.after)

    @property
    def remark(self) -> str:
        """A sentence on a file that is not what was written: why nothing was put back."""
        if self.now is None:
            return "is gone since its headers were written: there is nothing to put back."
        return "was changed since its headers were written, and is left as it is."

    def require_known(self) -> None:
        """Make sure that nothing has written to the file since, unless as a version of the ledger.

        Raises
        ------
        StateError
            When another program has, or a later activity of skydb; or when it is gone.
        """
        if self.rewritten_by is not None:
            raise StateError(
                f"Activity {self.rewritten_by} has written to {self.path} since.",
                advice=f"Put back what that has written first: `skydb restore-headers "
                f"{self.rewritten_by}`.",
            )
        if not self.is_foreign or self.is_recorded:
            return
        if self.now is None:
            raise StateError(
                f"{self.path} is gone since its headers were written.",
                advice="Put it back. If it is gone for good, `skydb fsck --repair` removes its "
                "path; then repeat this for the other files.",
            )
        raise StateError(
            f"{self.path} was changed since its headers were written.",
            advice=f"Record what it is now with `skydb ingest {self.path}`, and repeat this: the "
            "file is left as it is then.",
        )


def _last_writer(session: Session, backup: HeaderBackup, now: str | None) -> int | None:
    """Later activity that has written what a file has now, if any."""
    later = (
        select(HeaderBackup.activity_id, HeaderBackup.path)
        .join(ProductVersion, ProductVersion.id == HeaderBackup.version_after_id)
        .where(HeaderBackup.id > backup.id, HeaderBackup.activity_id != backup.activity_id)
        .where(HeaderBackup.restored_by_id.is_(None), ProductVersion.sha256 == now)
        .order_by(HeaderBackup.id.desc())
    )
    mine = entry_of(Path(backup.path))
    found = (one for one, path in session.execute(later) if entry_of(Path(path)) == mine)
    return next(found, None)


def unfinished_in(context: Context) -> list[UnfinishedWrite]:
    """Writes that did not end well, were not undone, and are not going on."""
    open_ended = select(HeaderWrite).where(HeaderWrite.status != ActivityStatus.SUCCEEDED)
    with context.store.reading() as session:
        found = []
        for write in session.scalars(open_ended.order_by(HeaderWrite.id)):
            waiting = [Path(b.path) for b in write.backups if b.restored_by_id is None]
            never_began = write.status is ActivityStatus.RUNNING and not write.backups
            if waiting or never_began:
                found.append(UnfinishedWrite(write.id, write.status, tuple(waiting)))
        return found


def own_paths(workspace: Workspace, version: ProductVersion) -> list[Path]:
    """List the user's files that are of a version, each once, to write their headers.

    Raises
    ------
    StateError
        When one is gzipped: its headers cannot be replaced in place.
    """
    own = each_once(
        workspace.resolve(place.path) for place in version.locations if not place.is_managed
    )
    for path in filter(_is_packed, own):
        raise StateError(
            f"{path} is gzipped: its headers cannot be written.",
            advice="Unpack it (gunzip), and record what there is then with `skydb ingest`.",
        )
    return own


def _is_packed(path: Path) -> bool:
    """Whether it is gzipped; one that cannot be read is found when its content is asked for."""
    with suppress(OSError):
        return is_packed(path)
    return False
