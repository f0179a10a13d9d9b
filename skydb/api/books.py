"""``ledger.books``: notes and flags, with author and reason."""

from __future__ import annotations

from datetime import date
from typing import Unpack

from skydb.api import names
from skydb.api.base import Group
from skydb.api.checking import counts, day
from skydb.api.results import Record, Result
from skydb.api.selecting import Selecting, member, require_member, scope_of
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import EntryKind


class DeliveriesGroup(Group):
    """Days on which an archive is known to have served wrong files."""

    def list(self) -> Result:
        """List them.

        Examples
        --------
        >>> [one.name for one in db.books.deliveries.list()][:1]
        ['mast-astrometry-2020']
        """
        return Result(self._services.books.deliveries(), names.DELIVERIES)

    def add(
        self,
        name: str,
        began: str | date,
        ended: str | date,
        what: str,
        *,
        author: str | None = None,
    ) -> Record:
        """Enter days; files that came then are due again.

        Parameters
        ----------
        name : str
            A new name.
        began, ended : str or datetime.date
            First and last day, UTC; texts are ``YYYY-MM-DD``.
        what : str
            What was wrong, and where that is written.
        author : str, optional
            Else the login name.

        Raises
        ------
        UsageError, StateError
            When the name is taken, a date cannot be read, or the last day is before the first.

        Examples
        --------
        >>> db.books.deliveries.add("flat", "2024-05-01", "2024-05-09", "bad flat").name
        'flat'
        """
        first, last = day(began, "began"), day(ended, "ended")
        return Record(self._services.books.add_delivery(name, first, last, what, author))

    def drop(self, name: str, why: str, *, author: str | None = None) -> Record:
        """Remove an entry; a note says what it was.

        Parameters
        ----------
        name : str
            Name of the span.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError
            When there is no such span.

        Examples
        --------
        >>> added = db.books.deliveries.add("flat", "2024-05-01", "2024-05-09", "bad flat")
        >>> db.books.deliveries.drop("flat", "the files were right").name
        'flat'
        """
        return Record(self._services.books.drop_delivery(name, why, author))


class BooksGroup(Group):
    """Notes and flags on exposures, visits, products, runs and solutions.

    A subject is a rootname, a visit (``bxl50``), a product's file, ``product:12``, ``run:12``
    or ``solution:31``. The author is the login name unless given. Notes are withdrawn, never
    deleted.
    """

    @property
    def deliveries(self) -> DeliveriesGroup:
        """Days on which an archive served wrong files."""
        return DeliveriesGroup(self._ledger)

    def list(
        self, subject: str | None = None, kind: str | None = None, **chosen: Unpack[Selecting]
    ) -> Result:
        """List notes, flags and decisions, withdrawn ones included.

        Parameters
        ----------
        subject : str, optional
            Only of this exposure, file, visit, run or solution.
        kind : str, optional
            Only of this kind: ``note``, ``flag``, ...
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When there is no such subject or kind.

        Examples
        --------
        >>> note = db.books.note("bxl50", "guide star lost")
        >>> db.books.list("bxl50")[0].reason
        'guide star lost'
        """
        wanted, scope = member(EntryKind, kind, "kind of entry"), scope_of(chosen)
        return Result(self._services.books.entries(subject, wanted, scope), names.ENTRIES)

    def note(self, subject: str, text: str, *, author: str | None = None) -> Record:
        """Write a note on a subject.

        Parameters
        ----------
        subject : str
            An exposure, a file, a visit, ``run:6``, ``solution:31``: see :meth:`.Ledger.explain`.
        text : str
            The note.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, UsageError, StateError
            When there is no such subject, or the text is empty.

        Examples
        --------
        >>> db.books.note("ibxl50clq", "guide star lost").kind
        'note'
        """
        return Record(self._services.books.note(subject, text, author))

    def flag(self, subject: str, label: str, why: str, *, author: str | None = None) -> Record:
        """Flag a subject with one word to search for, until the flag is withdrawn.

        Parameters
        ----------
        subject : str
            An exposure, a file, a visit, ``run:6``, ``solution:31``: see :meth:`.Ledger.explain`.
        label : str
            One word, e.g. ``satellite``.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, UsageError, StateError
            When there is no such subject, the label is not one word or is there already, or no
            reason is given.

        Examples
        --------
        >>> db.books.flag("ibxl50clq", "satellite", "a trail crosses the chip").kind
        'flag'
        """
        return Record(self._services.books.flag(subject, label, why, author))

    def ignore(self, subject: str, rule: str, why: str, *, author: str | None = None) -> Record:
        """Leave out a subject from a rule of ``todo``, until this is withdrawn.

        Parameters
        ----------
        subject : str
            An exposure, a file, a visit, ``run:6``, ``solution:31``: see :meth:`.Ledger.explain`.
        rule : str
            Rule of :meth:`.Ledger.todo`.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, UsageError, StateError
            When there is no such subject or rule, or no reason is given.

        Examples
        --------
        >>> db.books.ignore("bxl50", "never-matched", "overlaps nothing").label
        'ignore:never-matched'
        """
        wanted = require_member(TodoRule, rule, "rule")
        return Record(self._services.books.ignore(subject, wanted, why, author))

    def withdraw(self, entry: int, why: str, *, author: str | None = None) -> Record:
        """Withdraw a note or a flag; it stays on record.

        Parameters
        ----------
        entry : int
            Its ``id``.
        why : str
            The reason; it is kept.
        author : str, optional
            Who decides; else the login name.

        Raises
        ------
        NotFoundError, StateError
            When there is no such note or flag, it was withdrawn before, or no reason is given.

        Examples
        --------
        >>> flag = db.books.flag("bxl50", "satellite", "a trail")
        >>> db.books.withdraw(flag.id, "masked").withdrawn_why
        'masked'
        """
        counts(entry=entry)
        return Record(self._services.books.withdraw(entry, why, author))
