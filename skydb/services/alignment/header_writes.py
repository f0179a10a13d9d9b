"""Headers of the user's own files: written only when he says so, and put back on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Acceptance,
    Generation,
    HeaderBackup,
    HeaderRestore,
    HeaderWrite,
    ProductVersion,
)
from skydb.domain.vocabulary import LinkRole
from skydb.errors import NotFoundError, StateError
from skydb.files.checksum import sha256_of
from skydb.files.headerblocks import read_headers, replace_headers
from skydb.files.workspace import Workspace
from skydb.services.core import Context, checked_path, require_content


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """One of the user's files whose headers were written or put back."""

    activity: int
    path: str
    filename: str
    version_before: int
    version_after: int


@dataclass(frozen=True)
class _Pair:
    """A file of the user's, the content it has and the content it is to get."""

    path: Path
    before_id: int
    after_id: int
    after_path: Path
    after_sha256: str


@dataclass(frozen=True)
class HeaderService:
    """Writes accepted headers into the user's files, after a backup, and takes them back."""

    context: Context

    def write_accepted(self, run_id: int) -> list[HeaderChange]:
        """Give the user's own exposures the WCS that was accepted for them.

        Only the headers change, to those of the version that the acceptance made. The
        earlier content moves below the data root, so that its version stays whole.

        Parameters
        ----------
        run_id : int
            The alignment run whose fits were accepted.

        Returns
        -------
        list of HeaderChange
            One for each file; files that skydb keeps itself are left out.

        Raises
        ------
        NotFoundError
            When nothing of the run was accepted, or no file of it is the user's.
        FileRejectedError
            When a file is not what is on record, or has other pixels than the version.
        """
        pairs = self._pairs(run_id)
        activity_id = self.context.begin(lambda _, stamp: HeaderWrite({"run": run_id}, stamp))
        with self.context.guarded(HeaderWrite, activity_id):
            # On record before anything is touched: a crash half way can be undone.
            self._back_up(activity_id, pairs)
            for pair in pairs:
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
                    # The file has the earlier content again, and no second copy is needed.
                    self._return(backup)
                changes = [_change(restore_id, backup) for backup in backups]
                copies = [_kept_copy(self.context.workspace, backup) for backup in backups]
        for copy in copies:
            copy.unlink(missing_ok=True)
        return changes

    def _pairs(self, run_id: int) -> list[_Pair]:
        with self.context.store.reading() as session:
            accepted = _accepted_versions(session, run_id)
            pairs = [pair for version in accepted for pair in self._pairs_of(version)]
        if not pairs:
            raise NotFoundError(
                f"No exposure that run {run_id} has moved is a file of yours.",
                advice="Files that skydb has fetched or made are versions, never changed.",
            )
        return pairs

    def _pairs_of(self, after: ProductVersion) -> list[_Pair]:
        """Every file of the user's that has the content which was moved."""
        before, workspace = after.origin, self.context.workspace
        own = [workspace.resolve(place.path) for place in before.locations if not place.is_managed]
        if not own:
            return []
        source = checked_path(workspace, after)
        for path in own:
            require_content(path, before)
        return [_Pair(path, before.id, after.id, source, after.sha256) for path in own]

    def _hand_over(self, backup: HeaderBackup) -> None:
        """Note that a file of the user's has the accepted content now."""
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
        backup.before.leave(kept)

    def _back_up(self, activity_id: int, pairs: Sequence[_Pair]) -> None:
        workspace = self.context.workspace
        headers = {pair.before_id: read_headers(pair.path) for pair in pairs}
        with self.context.store.writing() as session:
            write = session.get_one(HeaderWrite, activity_id)
            for pair in pairs:
                before = session.get_one(ProductVersion, pair.before_id)
                after = session.get_one(ProductVersion, pair.after_id)
                HeaderBackup(write, str(pair.path), before, after, headers[pair.before_id])
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


def _kept_copy(workspace: Workspace, backup: HeaderBackup) -> Path:
    return workspace.version_home(Path(backup.path).name, backup.before.sha256)


def _accepted_versions(session: Session, run_id: int) -> list[ProductVersion]:
    """Exposures that the newest acceptance of a run has made."""
    made = (
        select(ProductVersion)
        .join(Generation, Generation.version_id == ProductVersion.id)
        .join(Acceptance, Acceptance.id == Generation.activity_id)
        .where(Acceptance.alignment_run_id == run_id)
        .order_by(ProductVersion.id)
    )
    return [version for version in session.scalars(made) if version.product.exposure]


def _change(activity_id: int, backup: HeaderBackup) -> HeaderChange:
    return HeaderChange(
        activity=activity_id,
        path=backup.path,
        filename=Path(backup.path).name,
        version_before=backup.before.number,
        version_after=backup.after.number,
    )
