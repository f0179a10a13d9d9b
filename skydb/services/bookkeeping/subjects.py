"""What a line in the books is about, as people write it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Activity, AlignmentSolution, Exposure, Product, Visit
from skydb.domain.books import Subject
from skydb.errors import NotFoundError, UsageError

SYNTAX = "a rootname, a visit (bxl50), a product's file name, run:12 or solution:31"


def find_subject(session: Session, text: str) -> Subject:
    """The entity that is meant.

    Parameters
    ----------
    text : str
        A rootname, the label of a visit (``bxl50``), the file name of a product, or a
        number with its kind: ``run:12`` for anything that ran, ``solution:31``.

    Raises
    ------
    UsageError
        When it is none of these.
    NotFoundError
        When the ledger does not have it.
    """
    kind, colon, number = text.partition(":")
    if colon:
        return _numbered(session, kind, number, text)
    label = text.lower()
    subject: Subject | None = (
        session.scalar(select(Exposure).where(Exposure.rootname == label))
        or session.scalar(select(Product).where(Product.filename == text))
        or session.scalar(
            select(Visit).where(Visit.program == label[:3], Visit.number == label[3:])
        )
    )
    if subject is not None:
        return subject
    raise NotFoundError(f"The ledger has no {text!r}.", advice=f"Name {SYNTAX}.")


def _numbered(session: Session, kind: str, number: str, text: str) -> Subject:
    if kind.lower() not in ("run", "solution") or not number.isdecimal():
        raise UsageError(f"{text!r} names nothing.", advice=f"Name {SYNTAX}.")
    key = int(number)
    subject: Subject | None = (
        session.get(Activity, key) if kind.lower() == "run" else session.get(AlignmentSolution, key)
    )
    if subject is None:
        raise NotFoundError(f"There is no {kind} {number}.")
    return subject
