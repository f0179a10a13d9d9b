"""Rows that are inserted together get numbers in order, on either database."""

from __future__ import annotations

from sqlalchemy import Engine, Table, select
from sqlalchemy.orm import Session

from skydb.domain import Visit
from skydb.domain.logged import visit_columns
from skydb.domain.values import Rootname
from skydb.store.numbered import insert_numbered

TABLE = Visit.__table__


def visits(*programs: str) -> list[dict[str, object]]:
    return [visit_columns(Rootname(f"i{program}50clq")) for program in programs]


def test_each_row_has_the_number_that_is_returned_for_it(engine: Engine) -> None:
    assert isinstance(TABLE, Table)
    with Session(engine) as session:
        first = insert_numbered(session, TABLE, visits("bzz", "baa", "bmm"))
        session.add(Visit("bxl", "50"))
        session.flush()
        second = insert_numbered(session, TABLE, visits("bcc"))
        session.commit()
        found = session.execute(select(Visit.program, Visit.id)).all()
    numbers = dict(zip(("bzz", "baa", "bmm", "bcc"), (*first, *second), strict=True))
    assert list(first) == sorted(first)
    assert numbers | {"bxl": first[-1] + 1} == {program: number for program, number in found}


def test_no_row_has_no_number(engine: Engine) -> None:
    assert isinstance(TABLE, Table)
    with Session(engine) as session:
        assert list(insert_numbered(session, TABLE, [])) == []
