"""The accepted WCS in the headers of the user's own exposures, when he says so."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Acceptance, Generation, HeaderWrite, ProductVersion
from skydb.errors import NotFoundError
from skydb.services.core import (
    Context,
    FilePair,
    HeaderChange,
    HeaderJournal,
    checked_path,
    own_paths,
    require_content,
)


@dataclass(frozen=True)
class HeaderService:
    """Writes accepted headers into the user's files, after a backup, and takes them back."""

    context: Context

    def write_accepted(self, run_id: int) -> list[HeaderChange]:
        """Give the user's own exposures the WCS that was accepted for them.

        Only the headers change, to those of the version that the acceptance made.

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
            return HeaderJournal(self.context).write(activity_id, pairs)

    def restore(self, activity_id: int) -> list[HeaderChange]:
        """Put back the headers that an activity had replaced.

        Raises
        ------
        NotFoundError, StateError
            As :meth:`HeaderJournal.restore`.
        """
        return HeaderJournal(self.context).restore(activity_id)

    def _pairs(self, run_id: int) -> list[FilePair]:
        with self.context.store.reading() as session:
            accepted = _accepted_versions(session, run_id)
            pairs = [pair for version in accepted for pair in self._pairs_of(version)]
        if not pairs:
            raise NotFoundError(
                f"No exposure that run {run_id} has moved is a file of yours.",
                advice="Files that skydb has fetched or made are versions, never changed.",
            )
        return pairs

    def _pairs_of(self, after: ProductVersion) -> list[FilePair]:
        """Every file of the user's that has the pixels of the exposure that was moved."""
        source, pairs = None, []
        for before in _same_delivery(after):
            for path in own_paths(self.context.workspace, before):
                require_content(path, before)
                source = source or checked_path(self.context.workspace, after)
                pairs.append(FilePair(path, before.id, after.id, source, after.sha256))
        return pairs


def _same_delivery(after: ProductVersion) -> list[ProductVersion]:
    """The delivery that a version was made of, and what else skydb has made of that."""
    return [one for one in after.product.versions if one.origin is after.origin and one != after]


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
