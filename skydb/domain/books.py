"""Notes and flags of a survey, with author and reason, and known bad archive versions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from skydb.domain.activity import Activity
from skydb.domain.base import Base, Key, add_beside, choice, utc_now
from skydb.domain.exposure import Exposure
from skydb.domain.product import Product
from skydb.domain.solution import AlignmentSolution
from skydb.domain.visit import Visit
from skydb.domain.vocabulary import EntryKind
from skydb.errors import StateError

#: Subjects of notes and flags.
Subject = Visit | Exposure | Product | AlignmentSolution | Activity


#: Commands that undo what an entry records.
_WAYS_BACK = {
    EntryKind.PIN: "Take the pin off with `skydb runs unpin {}`.",
    EntryKind.DELETE: "Bring the run back with `skydb runs undelete {}`.",
}


class BookEntry(Base):
    """A note, flag or decision: author, subject, text and reason.

    Notes and flags are never removed; one that is no longer valid is withdrawn.

    Parameters
    ----------
    subject : Visit, Exposure, Product, AlignmentSolution, Activity or None
        What it is about; None for the ledger as a whole.
    kind : EntryKind
        What it says.
    author : str
        Who says so.
    reason : str
        Why; for a note, the note itself.
    label : str, optional
        Of a flag: one word to search for, e.g. ``satellite``.
    """

    __tablename__ = "book_entries"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(choice(EntryKind))
    label: Mapped[str | None] = mapped_column(String(40), index=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visits.id"), index=True)
    exposure_id: Mapped[int | None] = mapped_column(ForeignKey("exposures.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    solution_id: Mapped[int | None] = mapped_column(
        ForeignKey("alignment_solutions.id"), index=True
    )
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activities.id"), index=True)
    author: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))
    withdrawn_why: Mapped[str | None] = mapped_column(Text)

    visit: Mapped[Visit | None] = relationship()
    exposure: Mapped[Exposure | None] = relationship()
    product: Mapped[Product | None] = relationship()
    solution: Mapped[AlignmentSolution | None] = relationship()
    activity: Mapped[Activity | None] = relationship()

    @property
    def sentence(self) -> str:
        """Text and author, as runs show them."""
        what = f"{self.kind} {self.label}" if self.label else str(self.kind)
        return f"{what} by {self.author}: {self.reason}"

    def __init__(
        self,
        subject: Subject | None,
        kind: EntryKind,
        author: str,
        reason: str,
        label: str | None = None,
    ) -> None:
        if not reason.strip():
            raise StateError("A note or flag needs a reason.")
        self.kind = kind
        self.label = label
        self.author = author
        self.reason = reason
        self.made_at = utc_now()
        match subject:
            case Visit():
                self.visit = subject
            case Exposure():
                self.exposure = subject
            case Product():
                self.product = subject
            case AlignmentSolution():
                self.solution = subject
            case Activity():
                self.activity = subject
        if subject is not None:
            add_beside(subject, self)

    @property
    def subject(self) -> Subject | None:
        """The row that it is about; None for the ledger as a whole."""
        return self.visit or self.exposure or self.product or self.solution or self.activity

    @property
    def holds(self) -> bool:
        """Whether it was not withdrawn."""
        return self.withdrawn_at is None

    def withdraw(self, author: str, why: str) -> None:
        """Record that it is no longer valid.

        Raises
        ------
        StateError
            When it was withdrawn before, is no note or flag, or no reason is given.
        """
        if self.kind not in (EntryKind.NOTE, EntryKind.FLAG):
            raise StateError(
                f"Entry {self.id} records what was done to run {self.activity_id} "
                f"({self.kind}); it is no note or flag.",
                advice=_WAYS_BACK.get(self.kind, "It stays in the books.").format(self.activity_id),
            )
        if not self.holds:
            raise StateError(f"Entry {self.id} was withdrawn already.")
        if not why.strip():
            raise StateError("Withdrawing an entry needs a reason.")
        self.withdrawn_at = utc_now()
        self.withdrawn_by = author
        self.withdrawn_why = why


class BadDelivery(Base):
    """A span of days in which an archive served something that is known to be wrong.

    Parameters
    ----------
    name : str
        Unique.
    began_on, ended_on : str
        First and last day, ISO 8601, inclusive.
    what : str
        What was wrong and where that is written.
    author : str
        Who entered it.
    """

    __tablename__ = "bad_deliveries"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    began_on: Mapped[str] = mapped_column(String(10))
    ended_on: Mapped[str] = mapped_column(String(10))
    what: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(64))

    def __init__(self, name: str, began_on: str, ended_on: str, what: str, author: str) -> None:
        if not began_on <= ended_on:
            raise StateError(
                f"Bad archive version {name} ends ({ended_on}) before it begins ({began_on}).",
                advice="Give the first day before the last.",
            )
        self.name = name
        self.began_on = began_on
        self.ended_on = ended_on
        self.what = what
        self.author = author
