"""Rows that are inserted together get numbers in order, on either database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from skydb.domain import Environment, Visit
from skydb.domain.jsontext import JsonText
from skydb.domain.logged import visit_columns
from skydb.domain.values import Rootname
from skydb.domain.vocabulary import Verdict
from skydb.errors import RowRefusedError
from skydb.store.newrows import write_numbered, write_rows


def visits(*programs: str) -> list[dict[str, object]]:
    return [visit_columns(Rootname(f"i{program}50clq")) for program in programs]


def test_each_row_has_the_number_that_is_returned_for_it(engine: Engine) -> None:
    with Session(engine) as session:
        first = write_numbered(session, Visit, visits("bzz", "baa", "bmm"))
        session.add(Visit("bxl", "50"))
        session.flush()
        second = write_numbered(session, Visit, visits("bcc"))
        session.commit()
        found = session.execute(select(Visit.program, Visit.id)).all()
    numbers = dict(zip(("bzz", "baa", "bmm", "bcc"), (*first, *second), strict=True))
    assert list(first) == sorted(first)
    assert numbers | {"bxl": first[-1] + 1} == {program: number for program, number in found}


def test_no_row_has_no_number(engine: Engine) -> None:
    with Session(engine) as session:
        assert list(write_numbered(session, Visit, [])) == []


def environments(*packages: object) -> list[dict[str, object]]:
    noon = datetime(2019, 4, 30, 12, 0, 0, 123456, tzinfo=UTC)
    return [
        {
            **{"fingerprint": str(number) * 64, "python_version": "3.11.7", "platform": "Linux"},
            **{"packages": given, "verdict": Verdict.PASSED, "first_seen_at": noon},
        }
        for number, given in enumerate(packages)
    ]


@pytest.mark.parametrize("document", ['NaN \u2715 "', "\N{COMET}", ""])
def test_documents_written_or_not_come_back_as_they_were(engine: Engine, document: str) -> None:
    written, plain = {"a": [document]}, {"b": document}
    with Session(engine) as session:
        write_rows(session, Environment, environments(JsonText.of(written), plain))
        write_rows(session, Environment, [])
        session.commit()
        found = session.scalars(select(Environment).order_by(Environment.fingerprint)).all()
    assert [one.packages for one in found] == [written, plain]
    assert found[0].first_seen_at.microsecond == 123456


@pytest.mark.parametrize("value", ["\0", "\ud800", float("nan")])
def test_a_written_document_is_refused_as_any_other(engine: Engine, value: object) -> None:
    rows = environments({}, JsonText.of({"a": [value]}))
    with (
        Session(engine) as session,
        pytest.raises(RowRefusedError, match="packages of environments has"),
    ):
        write_rows(session, Environment, rows)


def test_one_row_without_room_refuses_all_rows(engine: Engine) -> None:
    rows = [*visits("bzz", "baa"), {"program": "bxl", "number": "500"}]
    with Session(engine) as session:
        with pytest.raises(RowRefusedError, match="number of visits has 3 characters"):
            write_rows(session, Visit, rows)
        session.rollback()
        assert session.scalars(select(Visit.id)).all() == []
