"""Headers of the user's own files: written after a backup, all or none, and put back on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skydb.domain import HeaderBackup, HeaderRestore, HeaderWrite, ProductVersion
from skydb.domain.vocabulary import LinkRole
from skydb.errors import NotFoundError, StateError
from skydb.files.checksum import sha256_of
from skydb.files.headerblocks import read_headers, replace_headers
from skydb.files.workspace import Workspace
from skydb.services.core.context import Context
from skydb.services.core.openruns import end_dead


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """One of the user's files whose headers were written or put back."""

    activity: int
    path: str
    filename: str
    version_before: int
    version_after: int


@dataclass(frozen=True)
class FilePair:
    """A file of the user's, the content it has and the content it is to get.

    Parameters
    ----------
    path : Path
        The file.
    before_id, after_id : int
        The versions, of one exposure and with the same pixels.
    after_path : Path
        Where skydb keeps the content that the file is to get.
    after_sha256 : str
        Its checksum.
    """

    path: Path
    before_id: int
    after_id: int
    after_path: Path
    after_sha256: str


@dataclass(frozen=True)
class HeaderJournal:
    """Writes headers into the user's files, after a backup, and takes them back."""

    context: Context

    def write(self, activity_id: int, pairs: Sequence[FilePair]) -> list[HeaderChange]:
        """Give files of the user's other headers, all of them or none; the activity ends well.

        The earlier content moves below the data root, so that its version stays whole.

        Parameters
        ----------
        activity_id : int
            A running :class:`~skydb.domain.HeaderWrite`.
        pairs : sequence of FilePair
            The files.

        Raises
        ------
        FileRejectedError
            When a file has other pixels than the version; every file is as it was.
        """
        # On record before anything is touched: a crash half way can be undone.
        self._back_up(activity_id, pairs)
        with _all_or_none() as written:
            for pair in pairs:
                headers, sha256 = read_headers(pair.path), sha256_of(pair.path)
                written.append((pair.path, headers, sha256))
                replace_headers(pair.path, read_headers(pair.after_path), pair.after_sha256)
        with self.context.closing(HeaderWrite, activity_id) as (_, write):
            for backup in write.backups:
                self._hand_over(backup)
            return [_change(activity_id, backup) for backup in write.backups]

    def restore(self, activity_id: int) -> list[HeaderChange]:
        """Put back the headers that an activity had replaced.

        Raises
        ------
        NotFoundError
            When there is no such activity.
        StateError
            When its headers were put back before, or a file was changed since.
        """
        targets = self._open_backups(activity_id)
        parameters = {"write": activity_id}
        restore_id = self.context.begin(lambda _, stamp: HeaderRestore(parameters, stamp))
        with self.context.guarded(HeaderRestore, restore_id):
            for path, headers, sha256 in targets:
                replace_headers(path, headers, sha256)
            with self.context.closing(HeaderRestore, restore_id) as (session, restore):
                write = session.get_one(HeaderWrite, activity_id)
                backups = write.open_backups()
                for backup in backups:
                    backup.restored_by = restore
                    restore.use(backup.before)
                    self._return(backup)
                changes = [_change(restore_id, backup) for backup in backups]
                copies = [
                    _kept_copy(self.context.workspace, backup)
                    for backup in backups
                    if _was_copied(backup)
                ]
        for copy in copies:
            copy.unlink(missing_ok=True)
        return changes

    def settle(self, activity_id: int) -> str:
        """Complete a write whose process is gone when every file was written, else undo it.

        Parameters
        ----------
        activity_id : int
            A :class:`~skydb.domain.HeaderWrite` that nobody is at any more; it ends.

        Returns
        -------
        str
            What was done.

        Raises
        ------
        StateError
            When a file is gone or was changed since; nothing was done.
        """
        with self.context.store.reading() as session:
            backups = session.get_one(HeaderWrite, activity_id).backups
            written = [(one, _needs_restoring(one)) for one in backups]
            undoing = [
                (Path(one.path), one.headers, one.before.sha256) for one, is_ in written if is_
            ]
        if len(undoing) == len(written):
            with self.context.closing(HeaderWrite, activity_id) as (_, write):
                for backup in write.backups:
                    self._hand_over(backup)
            return f"it is completed: all {len(written)} files have their new headers"
        for path, headers, sha256 in undoing:
            replace_headers(path, headers, sha256)
        with self.context.store.writing() as session:
            end_dead(session, session.get_one(HeaderWrite, activity_id))
            session.commit()
        return f"it is undone: {len(undoing)} of {len(written)} files had been written"

    def restore_again(self, restore_id: int, activity_id: int) -> str:
        """Complete a restoration whose process is gone; it ends as interrupted.

        Raises
        ------
        NotFoundError, StateError
            As :meth:`restore`.
        """
        changes = self.restore(activity_id)
        with self.context.store.writing() as session:
            end_dead(session, session.get_one(HeaderRestore, restore_id))
            session.commit()
        return f"it is completed: {len(changes)} files have their earlier headers"

    def _hand_over(self, backup: HeaderBackup) -> None:
        """Note that a file of the user's has its new content now."""
        path = self.context.workspace.relative(Path(backup.path))
        for place in list(backup.before.locations):
            if place.path == path:
                place.move_to(backup.after, is_managed=False)

    def _return(self, backup: HeaderBackup) -> None:
        """Note that a file of the user's has its earlier content again."""
        path = self.context.workspace.relative(Path(backup.path))
        kept = self.context.workspace.relative(_kept_copy(self.context.workspace, backup))
        for place in list(backup.after.locations):
            if place.path == path:
                place.move_to(backup.before, is_managed=False)
        if _was_copied(backup):
            backup.before.leave(kept)

    def _back_up(self, activity_id: int, pairs: Sequence[FilePair]) -> None:
        workspace = self.context.workspace
        headers = {pair.path: read_headers(pair.path) for pair in pairs}
        with self.context.store.writing() as session:
            write = session.get_one(HeaderWrite, activity_id)
            for pair in pairs:
                before = session.get_one(ProductVersion, pair.before_id)
                after = session.get_one(ProductVersion, pair.after_id)
                HeaderBackup(write, str(pair.path), before, after, headers[pair.path])
                kept = workspace.store_version(pair.path, pair.path.name, before.sha256)
                before.see_at(workspace.relative(kept), is_managed=True)
                write.use(before)
                write.use(after, LinkRole.ALIGNED)
            session.commit()

    def _open_backups(self, activity_id: int) -> list[tuple[Path, list[str], str]]:
        with self.context.store.reading() as session:
            write = session.get(HeaderWrite, activity_id)
            if write is None:
                raise NotFoundError(f"Activity {activity_id} has written no headers.")
            return [
                (Path(backup.path), backup.headers, backup.before.sha256)
                for backup in write.open_backups()
                if _needs_restoring(backup)
            ]


def own_paths(workspace: Workspace, version: ProductVersion) -> list[Path]:
    """Files of the user's that have the content of a version."""
    return [workspace.resolve(place.path) for place in version.locations if not place.is_managed]


@contextmanager
def _all_or_none() -> Iterator[list[tuple[Path, list[str], str]]]:
    """Put back the headers of every file in the list when the block does not come to its end."""
    touched: list[tuple[Path, list[str], str]] = []
    try:
        yield touched
    except BaseException:
        for path, headers, sha256 in reversed(touched):
            if sha256_of(path) != sha256:
                replace_headers(path, headers, sha256)
        raise


def _needs_restoring(backup: HeaderBackup) -> bool:
    """Whether a file still has what was written; one that was never reached is left alone."""
    path = Path(backup.path)
    found = sha256_of(path) if path.is_file() else None
    if found not in (backup.before.sha256, backup.after.sha256):
        raise StateError(
            f"{path} is gone or was changed since its headers were written.",
            advice="Its earlier content is a version of the ledger; see `skydb sql`.",
        )
    return found == backup.after.sha256


def _was_copied(backup: HeaderBackup) -> bool:
    """Whether the copy of the earlier content was made for this write, and is needed no more.

    Of what skydb itself has made, such as the exposure of an acceptance, it is the original.
    """
    return backup.before.is_delivery


def _kept_copy(workspace: Workspace, backup: HeaderBackup) -> Path:
    return workspace.version_home(Path(backup.path).name, backup.before.sha256)


def _change(activity_id: int, backup: HeaderBackup) -> HeaderChange:
    return HeaderChange(
        activity=activity_id,
        path=backup.path,
        filename=Path(backup.path).name,
        version_before=backup.before.number,
        version_after=backup.after.number,
    )
