"""Runs by their numbers, which have to be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import ORMOption

from skydb.domain import Activity, AlignmentRun, SkyRun
from skydb.errors import NotFoundError

A = TypeVar("A", bound=Activity)

#: No column of a number holds more.
_LARGEST = 2**31 - 1

_NAMES: dict[type[Activity], str] = {SkyRun: "sky run", AlignmentRun: "alignment run"}


def require_run(
    session: Session, kind: type[A], number: int, options: Sequence[ORMOption] = ()
) -> A:
    """Return the run of a kind and number.

    Parameters
    ----------
    session : Session
    kind : type
        ``SkyRun``, ``AlignmentRun`` or ``Activity``.
    number : int
    options : sequence, optional
        What is loaded with it.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    run = session.get(kind, int(number), options=options) if number <= _LARGEST else None
    if run is None:
        what = _NAMES.get(kind, "run")
        raise NotFoundError(f"There is no {what} {number}.", advice="See `skydb runs`.")
    return run
