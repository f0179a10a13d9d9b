"""Services that look after a ledger: its books, what is kept, what is due, what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skydb.services.activities import Runs
    from skydb.services.bookkeeping import (
        BooksService,
        RetentionService,
        SnapshotService,
        TodoService,
    )
    from skydb.services.core import Context
    from skydb.services.fsck import FsckService


class UpkeepServices:
    """The part of the services of one ledger that look after it."""

    context: Context

    @property
    def books(self) -> BooksService:
        """Notes, flags, bad deliveries."""
        from skydb.services.bookkeeping import BooksService

        return BooksService(self.context)

    @property
    def retention(self) -> RetentionService:
        """Retention of sky runs."""
        from skydb.services.bookkeeping import RetentionService

        return RetentionService(self.context)

    @property
    def fsck(self) -> FsckService:
        """Consistency checks and repairs."""
        from skydb.services.fsck import FsckService

        return FsckService(self.context)

    @property
    def todo(self) -> TodoService:
        """Status of the survey, and work that is due."""
        from skydb.services.bookkeeping import TodoService

        return TodoService(self.context)

    @property
    def snapshots(self) -> SnapshotService:
        """Copies of the ledger as it stands at one moment."""
        from skydb.services.bookkeeping import SnapshotService

        return SnapshotService(self.context)

    @property
    def runs(self) -> Runs:
        """Everything that ran."""
        from skydb.services.activities import Runs

        return Runs(self.context)
