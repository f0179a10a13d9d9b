"""Several activities at once, by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ExecutableOption

from skydb.domain import Activity

A = TypeVar("A", bound=Activity)


def each_of(
    session: Session, kind: type[A], ids: Sequence[int], *options: ExecutableOption
) -> list[A]:
    """Activities of one kind in the order of their ids, by one statement.

    Parameters
    ----------
    session : Session
    kind : type
        Class of all of them.
    ids : sequence of int
    *options : ExecutableOption
        Of the statement: what else is loaded.

    Raises
    ------
    NoResultFound
        When there is none of an id, as :meth:`sqlalchemy.orm.Session.get_one`.
    """
    asked = select(kind).where(kind.id.in_(ids)).options(*options)
    found = {one.id: one for one in session.scalars(asked)}
    return [found.get(one) or session.get_one(kind, one) for one in ids]
