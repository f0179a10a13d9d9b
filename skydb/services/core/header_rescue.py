"""Headers that a process was writing, or putting back, when it died: completed or undone."""

from __future__ import annotations

from dataclasses import dataclass

from skydb.domain import HeaderRestore
from skydb.files.lock import alone_in
from skydb.services.core.header_journal import HeaderJournal
from skydb.services.core.openruns import end_dead


@dataclass(frozen=True)
class HeaderRescue(HeaderJournal):
    """Completes or undoes the write of a process that has ended."""

    def settle(self, activity_id: int) -> str:
        """Complete a write whose process is gone when every file was written, else undo it.

        Parameters
        ----------
        activity_id : int
            A :class:`~skydb.domain.HeaderWrite` whose process has ended; it ends.

        Returns
        -------
        str
            What was done.

        Raises
        ------
        StateError
            When a file is gone or was changed since, or another process is writing headers;
            nothing was done.
        """
        with alone_in(self.context.workspace.root):
            kept = self._kept(activity_id)
            for one in kept:
                one.require_known()
            written = sum(one.is_written for one in kept)
            if kept and written == len(kept):
                self._end_well(activity_id)
                return f"it is completed: all {written} files have their new headers"
            self._undo(self._left(activity_id))
        return f"it is undone: {written} of {len(kept)} files had been written"

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
