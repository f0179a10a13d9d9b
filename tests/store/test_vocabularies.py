"""A vocabulary that grows costs the database nothing, and admits no other word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import StatementError

from skydb.domain import Activity, Finding, IngestActivity
from skydb.domain.base import Base, Word
from skydb.domain.vocabulary import FindingKind, GrowingVocabulary
from skydb.errors import SchemaError
from skydb.store import schema, statements
from skydb.store.unit_of_work import Store
from tests.domain.entities import STAMP


class _FindingKindOfTomorrow(GrowingVocabulary):
    CATALOG = "catalog"
    METEOR = "meteor"


@pytest.fixture
def tomorrow(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> Iterator[type[_FindingKindOfTomorrow]]:
    """The findings of a later skydb, with one more kind."""
    kind = Finding.__table__.c.kind.type
    assert isinstance(kind, Word) and kind.vocabulary is FindingKind
    monkeypatch.setattr(kind, "vocabulary", _FindingKindOfTomorrow)
    # Statements that were compiled before know today's words, and those of now tomorrow's.
    caches = (Finding.__mapper__._compiled_cache, statements._COMPILED)
    for cache in caches:
        cache.clear()
    yield _FindingKindOfTomorrow
    for cache in caches:
        cache.clear()


def _notice(store: Store, kind: GrowingVocabulary | str) -> None:
    with store.writing() as session:
        activity = IngestActivity({}, STAMP)
        activity.start()
        session.add(activity)
        activity.notice(kind, "ibxl50clq", "it passed by")  # type: ignore[arg-type]
        session.flush()
        session.commit()


def test_a_new_word_needs_no_migration(store: Store, engine: Engine, tomorrow) -> None:
    _notice(store, tomorrow.METEOR)
    with store.reading() as session:
        finding = session.scalars(select(Finding).where(Finding.kind == tomorrow.METEOR)).one()
        assert finding.kind is tomorrow.METEOR
    assert schema.differences(engine) == []


def test_a_word_of_a_newer_skydb_is_said_and_not_guessed(store: Store) -> None:
    _notice(store, FindingKind.CATALOG)
    with store.writing() as session:
        session.execute(text("UPDATE findings SET kind = 'meteor'"))
        session.commit()
    said = pytest.raises(SchemaError, match=r"FindingKind 'meteor'.*newer skydb")
    with said as caught, store.reading() as session:
        session.scalars(select(Finding)).all()
    assert caught.value.exit_code == 3


def test_a_word_that_is_none_is_not_written(store: Store) -> None:
    with pytest.raises(StatementError, match="'meteor' is not a valid FindingKind"):
        _notice(store, "meteor")
    with store.reading() as session:
        assert session.scalars(select(Activity)).all() == []


def test_words_come_back_as_members_and_can_be_asked_for(store: Store) -> None:
    _notice(store, FindingKind.CATALOG)
    with store.reading() as session:
        assert session.scalars(select(Finding.kind)).all() == [FindingKind.CATALOG]
        asked = select(Finding).where(Finding.kind.in_([FindingKind.CATALOG, FindingKind.FORCED]))
        assert len(session.scalars(asked).all()) == 1
        (activity,) = session.scalars(select(Activity))
        assert isinstance(activity, IngestActivity)
        assert session.execute(text("SELECT kind FROM findings")).scalar() == "catalog"


def test_no_vocabulary_is_held_twice() -> None:
    for table in Base.metadata.sorted_tables:
        named = {str(check.name) for check in table.constraints}
        for column in table.columns:
            if isinstance(column.type, Word):
                lower = column.type.vocabulary.__name__.lower()
                assert f"ck_{table.name}_{lower}" not in named
