"""Notes and flags, bad archive versions, superseded catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentSolution,
    BadDelivery,
    BookEntry,
    Exposure,
    Product,
    Visit,
)
from skydb.domain.books import Subject
from skydb.domain.references import FileReference, in_words, is_subject, parse
from skydb.domain.todo import TodoRule
from skydb.domain.vocabulary import EntryKind
from skydb.errors import NotFoundError, StateError, UsageError
from skydb.services.bookkeeping.givenup import give_up
from skydb.services.core import Context
from skydb.store import books_queries, queries
from skydb.store.references import catalog_named, entity_of, products_of
from skydb.store.required import require_run
from skydb.store.scope import Scope

#: Subjects of notes and flags, for messages.
_SUBJECTS = "a rootname, a visit (bxl50), a product's file name, product:12, run:12 or solution:31"
_LONGEST = {"label": 40, "author": 64, "name": 64}


@dataclass(frozen=True)
class BooksService:
    """Writes notes and flags; none is ever removed.

    ``author`` is the user when left out.
    """

    context: Context

    def note(self, subject: str, text: str, author: str | None = None) -> queries.Row:
        """Write a note about a subject.

        Raises
        ------
        NotFoundError, UsageError
            When the ledger does not have it, or it names nothing.
        StateError
            When the note is empty.
        """
        return self._write(subject, EntryKind.NOTE, text, author)

    def flag(self, subject: str, label: str, why: str, author: str | None = None) -> queries.Row:
        """Flag a subject until the flag is withdrawn.

        Raises
        ------
        NotFoundError, UsageError, StateError
            As :meth:`note`; the label is not one word, or the subject has that flag.
        """
        if label.strip().startswith("ignore:") or len(label.split()) != 1:
            raise UsageError(
                f"Invalid label {label!r}.",
                advice="Give one word, such as satellite; see also `skydb books ignore`.",
            )
        return self._write(subject, EntryKind.FLAG, why, author, _fitting("label", label))

    def ignore(
        self, subject: str, rule: TodoRule, why: str, author: str | None = None
    ) -> queries.Row:
        """Dismiss a rule for a subject, until the dismissal is withdrawn.

        Raises
        ------
        NotFoundError, UsageError, StateError
            As :meth:`note`.
        """
        return self._write(subject, EntryKind.NOTE, why, author, rule.dismissal)

    def withdraw(self, entry_id: int, why: str, author: str | None = None) -> queries.Row:
        """Withdraw a note or flag.

        Raises
        ------
        NotFoundError
            When there is no such line.
        StateError
            When it was withdrawn before, or no reason is given.
        """
        with self.context.store.writing() as session:
            entry = session.get(BookEntry, entry_id)
            if entry is None:
                raise NotFoundError(
                    f"There is no note or flag {entry_id}.", advice="See `skydb books list`."
                )
            entry.withdraw(self.author(author), why)
            row = entry_row(session, entry)
            session.commit()
            return row

    def entries(
        self,
        subject: str | None = None,
        kind: EntryKind | None = None,
        scope: Scope | None = None,
    ) -> list[queries.Row]:
        """List notes and flags, oldest first; those of one subject, of one kind, or of a scope.

        Notes on an exposure's products count as its own, those on a visit's exposures as the
        visit's.

        Raises
        ------
        NotFoundError, UsageError
            When the ledger has no such subject.
        """
        with self.context.store.reading() as session:
            of_kind = {} if kind is None else {"kind": kind.value}
            ways = _columns(session, subject) if subject else [{}]
            found = [
                row for one in ways for row in books_queries.entries(session, {**one, **of_kind})
            ]
            rows = {row["id"]: row for row in found}
            ordered = [rows[number] for number in sorted(rows)]
            return books_queries.lines_in(session, scope or Scope(), ordered)

    def abandon(self, activity_id: int, why: str, author: str | None = None) -> queries.Row:
        """Fail an activity whose process has ended; what else that had begun is interrupted.

        Raises
        ------
        NotFoundError
            When nothing with this number ran.
        StateError
            When it is not running, its process is at work, it is a write to headers, or no
            reason is given.
        """
        with self.context.store.writing() as session:
            activity = require_run(session, Activity, activity_id)
            row = entry_row(session, give_up(session, activity, self.author(author), why))
            session.commit()
            return row

    def supersede(
        self, earlier: str, later: str, why: str, author: str | None = None
    ) -> queries.Row:
        """Replace one reference catalogue by another.

        Raises
        ------
        NotFoundError
            When there is no such catalogue.
        StateError
            When it cannot be, or no reason is given.
        """
        with self.context.store.writing() as session:
            old, new = catalog_named(session, earlier), catalog_named(session, later)
            new.supersede(old)
            text = f"Catalogue {earlier} was superseded by {later}: {why}" if why.strip() else why
            BookEntry(old.activity, EntryKind.NOTE, self.author(author), text, "superseded")
            row = queries.catalog_row(old)
            session.commit()
            return row

    def deliveries(self) -> list[queries.Row]:
        """Days in which an archive is known to have served wrong files."""
        with self.context.store.reading() as session:
            return books_queries.deliveries(session)

    def add_delivery(
        self, name: str, began_on: str, ended_on: str, what: str, author: str | None = None
    ) -> queries.Row:
        """Enter days in which an archive served wrong files; first and last day inclusive.

        Raises
        ------
        UsageError
            When a day is none, or the name is taken.
        StateError
            When the last day is before the first.
        """
        began, ended = _day(began_on), _day(ended_on)
        with self.context.store.writing() as session:
            if _delivery(session, name) is not None:
                raise UsageError(f"A bad archive version {name!r} exists already.")
            delivery = BadDelivery(_fitting("name", name), began, ended, what, self.author(author))
            session.add(delivery)
            row = books_queries.delivery_row(delivery)
            session.commit()
            return row

    def drop_delivery(self, name: str, why: str, author: str | None = None) -> queries.Row:
        """Remove a bad archive version; a note keeps its description.

        Raises
        ------
        NotFoundError
            When there is none of this name.
        StateError
            When no reason is given.
        """
        with self.context.store.writing() as session:
            delivery = _delivery(session, name)
            if delivery is None:
                raise NotFoundError(
                    f"There is no bad archive version {name!r}.",
                    advice="See `skydb books deliveries list`.",
                )
            row = books_queries.delivery_row(delivery)
            days = f"{delivery.began_on} to {delivery.ended_on}"
            text = f"Bad archive version {name} ({days}: {delivery.what}) was dropped: {why}"
            entry = BookEntry(
                None, EntryKind.NOTE, self.author(author), text if why.strip() else ""
            )
            session.add(entry)
            session.delete(delivery)
            session.commit()
            return row

    def author(self, author: str | None) -> str:
        """Name the author.

        Raises
        ------
        UsageError
            When there is no room for the name.
        """
        return _fitting("author", author or self.context.agent)

    def _write(
        self, subject: str, kind: EntryKind, text: str, author: str | None, label: str | None = None
    ) -> queries.Row:
        with self.context.store.writing() as session:
            about = _subject(session, subject)
            if kind is EntryKind.FLAG:
                _require_unflagged(session, about, label)
            row = entry_row(session, BookEntry(about, kind, self.author(author), text, label))
            session.commit()
            return row


def entry_row(session: Session, entry: BookEntry) -> queries.Row:
    """A new note or flag as a row."""
    session.flush()
    (row,) = books_queries.entries(session, {"id": entry.id})
    return row


def _subject(session: Session, text: str) -> Subject:
    """The row of the subject of a note."""
    reference = parse(text)
    found = entity_of(session, reference) if is_subject(reference) else None
    if isinstance(found, Visit | Exposure | Product | AlignmentSolution | Activity):
        return found
    raise UsageError(
        f"{text!r} is {in_words(reference)}: notes and flags cannot be about one.",
        advice=f"Name {_SUBJECTS}.",
    )


def _require_unflagged(session: Session, subject: Subject, label: str | None) -> None:
    """Refuse a flag that its subject has already."""
    flags = select(BookEntry).where(
        BookEntry.kind == EntryKind.FLAG, BookEntry.label == label, BookEntry.withdrawn_at.is_(None)
    )
    for entry in session.scalars(flags):
        if entry.subject is subject:
            raise StateError(
                f"It has the flag {label!r} already (entry {entry.id}): {entry.reason}",
                advice="Write a note, or withdraw that flag first.",
            )


def _columns(session: Session, text: str) -> list[dict[str, object]]:
    """Conditions on ``v_books`` for notes on a subject, or on a part of it."""
    reference = parse(text)
    if isinstance(reference, FileReference) and reference.version is None:
        return [{"product_id": product.id} for product in products_of(session, reference)]
    match _subject(session, text):
        case Exposure() as exposure:
            return [{"rootname": exposure.rootname}]
        case Product() as product:
            return [{"product_id": product.id}]
        case Visit() as visit:
            return [{"program": visit.program, "visit": visit.number}]
        case AlignmentSolution() as solution:
            return [{"solution_id": solution.id}]
        case activity:
            return [{"run_id": activity.id}]


def _delivery(session: Session, name: str) -> BadDelivery | None:
    return session.scalar(select(BadDelivery).where(BadDelivery.name == name))


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise UsageError(f"Invalid date {text!r}; use YYYY-MM-DD.") from error


def _fitting(what: str, text: str) -> str:
    longest = _LONGEST[what]
    if not 0 < len(text.strip()) <= longest:
        raise UsageError(
            f"{text[:longest]!r} cannot be the {what}.", advice=f"It has 1 to {longest} characters."
        )
    return text.strip()
