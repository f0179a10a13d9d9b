"""Headers of the user's own files: written after a backup, all or none, and put back on demand.

What is about to be written is on record before a file is touched, so that a write that was
killed is known, and can be undone or done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skydb.domain import FileLocation, HeaderBackup, HeaderRestore, HeaderWrite, ProductVersion
from skydb.domain.vocabulary import ActivityStatus, FindingKind, LinkRole
from skydb.errors import NotFoundError
from skydb.files.checksum import sha256_of
from skydb.files.entries import entry_of
from skydb.files.headerblocks import read_headers, remove_partials, replace_headers
from skydb.files.lock import alone_in
from skydb.interruption import held
from skydb.services.core.context import Context
from skydb.services.core.header_backups import (
    FilePair,
    HeaderChange,
    HeaderChanges,
    KeptHeaders,
    UnfinishedWrite,
    unfinished_in,
)

_SKIES_GONE = (
    "had skies from `skydb sky write-headers`, which are gone with its earlier headers: "
    "write those of a run on its new WCS."
)


@dataclass(frozen=True)
class HeaderJournal:
    """Writes headers into the user's files, after a backup, and takes them back."""

    context: Context

    @contextmanager
    def alone(self) -> Iterator[list[UnfinishedWrite]]:
        """Keep other processes from writing headers; undo first what one has left unfinished.

        Yields
        ------
        list of UnfinishedWrite
            What was undone.

        Raises
        ------
        StateError
            When another process is writing headers.
        """
        with alone_in(self.context.workspace.root):
            left = unfinished_in(self.context)
            for one in left:
                self._undo(one)
            yield left

    def write(self, activity_id: int, pairs: Sequence[FilePair]) -> HeaderChanges:
        """Give files of the user's other headers, all of them or none; the activity ends well.

        The earlier version moves below the data root, so that it stays whole. Call it within
        :meth:`alone`.

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
        with self._all_or_none(activity_id) as written:
            for pair in pairs:
                headers, sha256 = read_headers(pair.path), sha256_of(pair.path)
                written.append((pair.path, headers, sha256))
                replace_headers(pair.path, read_headers(pair.after_path), pair.after_sha256)
            changes = self._end_well(activity_id)
        return changes

    def restore(self, activity_id: int) -> HeaderChanges:
        """Put back the headers that an activity had replaced.

        Raises
        ------
        NotFoundError
            When there is no such activity.
        StateError
            When its headers were put back before, a file was changed since, also by skydb,
            or another process is writing headers.
        """
        with alone_in(self.context.workspace.root):
            kept = self._kept(activity_id)
            for one in kept:
                one.require_known()
            return self._put_back(activity_id, "Its headers were put back", kept)

    def _end_well(self, activity_id: int) -> HeaderChanges:
        with self.context.closing(HeaderWrite, activity_id) as (_, write):
            bare = [backup.path for backup in write.backups if _loses_skies(backup)]
            for path in bare:
                write.notice(FindingKind.SKIES_GONE, path, _SKIES_GONE)
            for backup in write.backups:
                self._hand_over(backup)
            changes = [_change(activity_id, one, one.before, one.after) for one in write.backups]
        return HeaderChanges(changes, [f"{path} {_SKIES_GONE}" for path in bare])

    def _left(self, activity_id: int) -> UnfinishedWrite:
        for one in unfinished_in(self.context):
            if one.activity == activity_id:
                return one
        raise NotFoundError(f"Activity {activity_id} is not an unfinished writing of headers.")

    def _undo(self, left: UnfinishedWrite) -> HeaderChanges:
        """Undo as far as the files are still those that were written; the others stay."""
        if not left.paths:
            with self.context.store.writing() as session:
                write = session.get_one(HeaderWrite, left.activity)
                write.interrupt("Its process ended before it wrote to a file.")
                session.commit()
            return HeaderChanges(())
        return self._put_back(left.activity, "It was not finished, and was undone")

    def _put_back(
        self, write_id: int, how: str, kept: Sequence[KeptHeaders] | None = None
    ) -> HeaderChanges:
        kept = self._kept(write_id) if kept is None else kept
        foreign = {str(one.path): one.remark for one in kept if one.is_foreign}
        parameters = {"write": write_id}
        restore_id = self.context.begin(lambda _, stamp: HeaderRestore(parameters, stamp))
        with self.context.guarded(HeaderRestore, restore_id):
            for one in kept:
                if one.is_written:
                    replace_headers(one.path, one.headers, one.before)
                remove_partials(one.path)
            copies: list[Path] = []
            with self.context.closing(HeaderRestore, restore_id) as (session, restore):
                write = session.get_one(HeaderWrite, write_id)
                backups = write.open_backups()
                for version in {
                    backup.version_before_id: backup.before for backup in backups
                }.values():
                    restore.use(version)
                for backup in backups:
                    backup.restored_by = restore
                    if backup.path in foreign:
                        said = foreign[backup.path]
                        restore.notice(FindingKind.NOT_WRITTEN, backup.path, said)
                    else:
                        copies += self._return(backup)
                if write.status is ActivityStatus.RUNNING:
                    write.interrupt(f"{how} by activity {restore_id}.")
                changes = [
                    _change(restore_id, b, b.after, b.before)
                    for b in backups
                    if b.path not in foreign
                ]
        for copy in copies:
            copy.unlink(missing_ok=True)
        return HeaderChanges(changes, [f"{path} {said}" for path, said in sorted(foreign.items())])

    def _kept(self, activity_id: int) -> list[KeptHeaders]:
        with self.context.store.reading() as session:
            write = session.get(HeaderWrite, activity_id)
            if write is None:
                raise NotFoundError(f"Activity {activity_id} has written no headers.")
            return [
                KeptHeaders.of(session, one, self.context.workspace.relative(Path(one.path)))
                for one in write.open_backups()
            ]

    def _hand_over(self, backup: HeaderBackup) -> None:
        """Record that a file of the user's has its new version now."""
        for place in self._places(backup.before, Path(backup.path)):
            place.move_to(backup.after, is_managed=False)

    def _return(self, backup: HeaderBackup) -> list[Path]:
        """Record that a file has its earlier version again; return the copies to remove."""
        copy = self.context.workspace.version_home(Path(backup.path).name, backup.before.sha256)
        for place in self._places(backup.after, Path(backup.path)):
            place.move_to(backup.before, is_managed=False)
        if not _was_copied(backup):
            return []
        backup.before.leave(self.context.workspace.relative(copy))
        return [copy]

    def _places(self, version: ProductVersion, path: Path) -> list[FileLocation]:
        """Every path of a version that leads to a file, such as one through a link."""
        resolve, file = self.context.workspace.resolve, entry_of(path)
        return [one for one in version.locations if entry_of(resolve(one.path)) == file]

    def _back_up(self, activity_id: int, pairs: Sequence[FilePair]) -> None:
        workspace = self.context.workspace
        headers = {pair.path: read_headers(pair.path) for pair in pairs}
        with self.context.store.writing() as session:
            write = session.get_one(HeaderWrite, activity_id)
            versions = {
                key: session.get_one(ProductVersion, key)
                for pair in pairs
                for key in (pair.before_id, pair.after_id)
            }
            for pair in pairs:
                before, after = versions[pair.before_id], versions[pair.after_id]
                HeaderBackup(write, str(pair.path), before, after, headers[pair.path])
                kept = workspace.store_version(pair.path, pair.path.name, before.sha256)
                before.see_at(workspace.relative(kept), is_managed=True)
            # One version can lie at several places.
            read = dict.fromkeys(pair.before_id for pair in pairs)
            given = dict.fromkeys(pair.after_id for pair in pairs if pair.after_id not in read)
            for key in read:
                write.use(versions[key])
            for key in given:
                write.use(versions[key], LinkRole.ALIGNED)
            session.commit()

    @contextmanager
    def _all_or_none(self, activity_id: int) -> Iterator[list[tuple[Path, list[str], str]]]:
        """Put back the headers of every file in the list when the block does not end well."""
        touched: list[tuple[Path, list[str], str]] = []
        try:
            yield touched
        except BaseException:
            with held():
                if self._has_ended(activity_id):
                    raise
                for path, headers, sha256 in reversed(touched):
                    if sha256_of(path) != sha256:
                        replace_headers(path, headers, sha256)
                self._forget(activity_id)
            raise

    def _has_ended(self, activity_id: int) -> bool:
        """Whether the good end is on record: what goes wrong afterwards undoes nothing."""
        with self.context.store.reading() as session:
            return session.get_one(HeaderWrite, activity_id).status is ActivityStatus.SUCCEEDED

    def _forget(self, activity_id: int) -> None:
        """Drop the backups of a write that has changed no file: there is no way back to keep."""
        with self.context.store.writing() as session:
            for backup in session.get_one(HeaderWrite, activity_id).backups:
                session.delete(backup)
            session.commit()


def _loses_skies(backup: HeaderBackup) -> bool:
    """Whether a file had the skies of a run in its headers, and is to have them no more."""
    return backup.before.is_annotated and not backup.after.is_annotated


def _was_copied(backup: HeaderBackup) -> bool:
    """Whether the copy of the earlier version was made for this write, and is not needed.

    A file that skydb itself has made, such as the exposure of an acceptance, is the original.
    """
    return backup.before.is_delivery


def _change(
    activity_id: int, backup: HeaderBackup, before: ProductVersion, after: ProductVersion
) -> HeaderChange:
    """The change of a file by an activity: the version that it held, and holds since."""
    return HeaderChange(
        activity=activity_id,
        path=backup.path,
        filename=Path(backup.path).name,
        version_before=before.number,
        version_after=after.number,
    )
