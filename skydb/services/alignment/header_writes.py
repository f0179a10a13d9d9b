"""The accepted WCS in the headers of the user's own exposures and products, when he says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Acceptance, Generation, HeaderWrite, Product, ProductVersion
from skydb.domain.vocabulary import ActivityStatus, SolutionStatus
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import NotFoundError, SkydbError, StateError
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.accept_outcome import AcceptOutcome, recorded_outcomes
from skydb.services.alignment.accepting import Then
from skydb.services.core import (
    Context,
    FilePair,
    HeaderChanges,
    HeaderJournal,
    checked_path,
    note_begun,
    own_paths,
    packed_since,
    require_content,
)


@dataclass(frozen=True)
class HeaderService:
    """Writes accepted headers into the user's files, after a backup, and takes them back."""

    context: Context
    runner: DrizzlepacRunner = field(default_factory=DrizzlepacRunner)

    def accept(
        self, run_id: int, *, force_why: str | None = None
    ) -> tuple[list[AcceptOutcome], HeaderChanges]:
        """Accept the fits of a run, and give the user's own files the WCS they get.

        The request to write headers is recorded with the acceptance: what was
        interrupted or killed in between, or while it wrote, is completed by asking again.

        Parameters
        ----------
        run_id : int
            The alignment run.
        force_why : str, optional
            See :meth:`AcceptService.accept`.

        Returns
        -------
        list of AcceptOutcome
        HeaderChanges
            Empty when nothing was moved.

        Raises
        ------
        NotFoundError, FileRejectedError, StateError, ToolError
            As :meth:`AcceptService.accept`; when no file of the run is the user's, is not what is
            on record, or has other pixels than the version.
        """
        with HeaderJournal(self.context).alone():
            before = self._accepted_before(run_id, is_forced=force_why is not None)
            if before is not None:
                with _accepted(run_id):
                    return before, self._write(run_id)
            begun: list[int] = []
            outcomes = AcceptService(self.context, self.runner).accept(
                run_id, force_why=force_why, then=self._beginning(begun)
            )
            with _accepted(run_id):
                return outcomes, self._write(run_id, *begun) if begun else HeaderChanges(())

    def restore(self, activity_id: int) -> HeaderChanges:
        """Put back the headers that an activity had replaced.

        Raises
        ------
        NotFoundError, StateError
            As :meth:`HeaderJournal.restore`.
        """
        return HeaderJournal(self.context).restore(activity_id)

    def _write(self, run_id: int, begun: int | None = None) -> HeaderChanges:
        if begun is None:
            pairs = self._pairs(run_id)
            begun = self.context.begin(lambda _, stamp: HeaderWrite({"run": run_id}, stamp))
            with self.context.guarded(HeaderWrite, begun):
                return HeaderJournal(self.context).write(begun, pairs)
        with self.context.guarded(HeaderWrite, begun):
            return HeaderJournal(self.context).write(begun, self._pairs(run_id))

    def _beginning(self, begun: list[int]) -> Then:
        """Make the function that begins the write in the transaction of the acceptance."""

        def begin(session: Session, acceptance: Acceptance) -> None:
            write = HeaderWrite({"run": acceptance.alignment_run_id}, acceptance.stamp)
            write.start()
            session.add(write)
            session.flush()
            note_begun(self.context.store, [write.id])
            begun.append(write.id)

        return begin

    def _accepted_before(self, run_id: int, *, is_forced: bool) -> list[AcceptOutcome] | None:
        """Results of an acceptance whose headers are to be written; None when there is none.

        Raises
        ------
        StateError
            When nothing waits for review, and the headers are written already.
        """
        with self.context.store.reading() as session:
            acceptance = _last_acceptance(session, run_id)
            if acceptance is None:
                return None
            waits = any(
                solution.status is SolutionStatus.PROPOSED
                for solution in acceptance.alignment_run.solutions
            )
            writes = _writes_since(session, acceptance)
            is_left = bool(writes) and writes[-1].status is not ActivityStatus.SUCCEEDED
            if waits and (is_forced or not is_left):
                return None
            if writes and not is_left and any(not one.restored_by_id for one in writes[-1].backups):
                raise StateError(
                    f"The fits of run {run_id} are accepted, and activity {writes[-1].id} has "
                    "written the headers of your files.",
                    advice=f"`skydb restore-headers {writes[-1].id}` takes that back.",
                )
            return recorded_outcomes(acceptance)

    def _pairs(self, run_id: int) -> list[FilePair]:
        with self.context.store.reading() as session:
            accepted = _accepted_versions(session, run_id)
            pairs = [pair for version in accepted for pair in self._pairs_of(version)]
        if not pairs:
            raise NotFoundError(
                f"No file that run {run_id} has moved is a file of yours.",
                advice="Files that skydb has fetched or made are versions, never changed.",
            )
        return pairs

    def _pairs_of(self, after: ProductVersion) -> list[FilePair]:
        """Every file of the user's that has the pixels of the file that was moved."""
        source, pairs = None, []
        for before in _same_delivery(after):
            for path in own_paths(self.context.workspace, before):
                _require_there(path, before)
                source = source or checked_path(self.context.workspace, after)
                pairs.append(FilePair(path, before.id, after.id, source, after.sha256))
        return pairs


def _require_there(path: Path, version: ProductVersion) -> None:
    """Make sure that a file of the user's is that of a version, as :func:`require_content`."""
    try:
        require_content(path, version)
    except NotFoundError as error:
        if packed_since(path, version.sha256) is not None:
            raise
        raise NotFoundError(
            error.what,
            advice="Put it back. If it is gone for good, `skydb fsck --repair` removes its path.",
        ) from error


@contextmanager
def _accepted(run_id: int) -> Iterator[None]:
    """Errors of a write after an acceptance say that the fits are accepted all the same."""
    try:
        yield
    except (SkydbError, OSError) as error:
        error.add_note(
            f"The fits of run {run_id} are accepted. To write their headers: "
            f"`skydb align accept {run_id} --write-headers`."
        )
        raise


def _same_delivery(after: ProductVersion) -> list[ProductVersion]:
    """The archive version of a version, and other versions that skydb made of it."""
    return [one for one in after.product.versions if one.origin is after.origin and one != after]


def _last_acceptance(session: Session, run_id: int) -> Acceptance | None:
    succeeded = (
        select(Acceptance)
        .where(Acceptance.alignment_run_id == run_id, Acceptance.status == ActivityStatus.SUCCEEDED)
        .order_by(Acceptance.id.desc())
    )
    return session.scalar(succeeded)


def _writes_since(session: Session, acceptance: Acceptance) -> list[HeaderWrite]:
    """Writings of the WCS that an acceptance has given, in order."""
    later = select(HeaderWrite).where(HeaderWrite.id > acceptance.id).order_by(HeaderWrite.id)
    asked = {"run": acceptance.alignment_run_id}
    return [write for write in session.scalars(later) if write.parameters == asked]


def _accepted_versions(session: Session, run_id: int) -> list[ProductVersion]:
    """Versions that the acceptances of a run made: exposures, then the fitted products."""
    made = (
        select(ProductVersion)
        .join(Generation, Generation.version_id == ProductVersion.id)
        .join(Acceptance, Acceptance.id == Generation.activity_id)
        .join(Product, Product.id == ProductVersion.product_id)
        .where(Acceptance.alignment_run_id == run_id)
        .order_by(Product.exposure_id.is_(None), ProductVersion.id)
    )
    return list(session.scalars(made))
