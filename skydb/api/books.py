"""What the ledger knows of itself."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.api.base import Facade, run_number, table_of

if TYPE_CHECKING:
    from astropy.table import QTable

    from skydb.domain.todo import TodoRule


class BooksFacade(Facade):
    """What the ledger knows of itself."""

    def doctor(self) -> QTable:
        """Self-test of this environment: what was asked, and the answers."""
        return table_of(asdict(result) for result in self.services.doctor.run())

    def findings(self) -> QTable:
        """What would have passed silently, newest first."""
        return table_of(self.services.questions.findings())

    def sql(self, statement: str, *, timeout_s: float | None = None, as_is: bool = False) -> QTable:
        """The whole answer to one SELECT.

        Parameters
        ----------
        statement : str
            One SELECT on tables and views.
        timeout_s : float, optional
            Seconds that the database may take.
        as_is : bool
            On PostgreSQL: also as a role that can do more than read.
        """
        from skydb.store.readonly import Rules

        answer = self.services.questions.sql(statement, Rules(timeout_s, as_is))
        rows = (dict(zip(answer.columns, row, strict=True)) for row in answer.rows)
        return table_of(rows, answer.columns)

    def backup(
        self, path: str | Path, *, kind: str | None = None, overwrite: bool = False
    ) -> QTable:
        """Write the ledger as it stands to a file, and prove it; see :func:`.back_up`.

        Parameters
        ----------
        path : str or Path
            The file.
        kind : str, optional
            ``sqlite`` or ``dump``; of PostgreSQL a dump when pg_dump is at hand.
        overwrite : bool
            Whether it may take the place of an earlier file.

        Returns
        -------
        QTable
            A row for each table, with its rows and checksum.
        """
        from skydb.services.bookkeeping import BackupKind, back_up

        url = self.services.questions.url.render_as_string(hide_password=False)
        wanted = BackupKind(kind) if kind else None
        made = back_up(url, Path(path), kind=wanted, overwrite=overwrite)
        return table_of(asdict(one) for one in made.tables)

    def status(
        self, by: str = "visit", *, visit: str | None = None, proposal: int | None = None
    ) -> QTable:
        """Exposures downloaded, aligned, matched, flagged, stale... per visit or program."""
        from skydb.services.bookkeeping import StatusBy
        from skydb.store.scope import Scope

        scope = Scope(visits=(visit,) if visit else (), proposal_id=proposal)
        return table_of(self.services.todo.status(StatusBy(by), scope))

    def todo(
        self,
        rule: TodoRule | str | None = None,
        *,
        visit: str | None = None,
        proposal: int | None = None,
    ) -> QTable:
        """What is due, since when, and the command that would settle it."""
        from skydb.domain.todo import TodoRule
        from skydb.store.scope import Scope

        wanted = TodoRule(rule) if rule else None
        scope = Scope(visits=(visit,) if visit else (), proposal_id=proposal)
        return table_of(self.services.todo.todo(scope, wanted))

    def books(self, subject: str | None = None) -> QTable:
        """Lines of the books; those of one subject when it is named."""
        return table_of(self.services.books.entries(subject))

    def note(self, subject: str, text: str, *, author: str | None = None) -> QTable:
        """Write something down about a subject: ``bxl50``, a rootname, ``run:12``..."""
        return table_of([self.services.books.note(subject, text, author)])

    def flag(self, subject: str, label: str, why: str, *, author: str | None = None) -> QTable:
        """Say that something is wrong with a subject, until the flag is withdrawn."""
        return table_of([self.services.books.flag(subject, label, why, author)])

    def ignore(
        self, subject: str, rule: TodoRule | str, why: str, *, author: str | None = None
    ) -> QTable:
        """Silence a rule of :meth:`todo` for a subject, until the line is withdrawn."""
        from skydb.domain.todo import TodoRule

        return table_of([self.services.books.ignore(subject, TodoRule(rule), why, author)])

    def withdraw(self, entry: int, why: str, *, author: str | None = None) -> QTable:
        """Note that a line of the books no longer holds."""
        return table_of([self.services.books.withdraw(entry, why, author)])

    def abandon(self, run: int | str, why: str, *, author: str | None = None) -> QTable:
        """Give up what is left RUNNING by a process that is gone."""
        return table_of([self.services.books.abandon(run_number(run), why, author)])

    def bad_deliveries(self) -> QTable:
        """Days in which an archive is known to have served wrong files."""
        return table_of(self.services.books.deliveries())

    def add_bad_delivery(
        self, name: str, began: str, ended: str, what: str, *, author: str | None = None
    ) -> QTable:
        """Enter days in which an archive served wrong files."""
        return table_of([self.services.books.add_delivery(name, began, ended, what, author)])

    def drop_bad_delivery(self, name: str, why: str, *, author: str | None = None) -> QTable:
        """Take a bad delivery away; a line in the books says what it was."""
        return table_of([self.services.books.drop_delivery(name, why, author)])

    def refcat_supersede(
        self, old: str, new: str, why: str, *, author: str | None = None
    ) -> QTable:
        """Put one reference catalogue in the place of another."""
        return table_of([self.services.books.supersede(old, new, why, author)])
