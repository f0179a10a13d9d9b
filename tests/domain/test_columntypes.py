"""Words of vocabularies: those that grow are skydb's to check, the others the database's."""

from __future__ import annotations

import pytest
from sqlalchemy import Enum
from sqlalchemy.dialects import sqlite

from skydb.domain.columntypes import Word, choice
from skydb.domain.vocabulary import SolutionStatus, WcsKind
from skydb.errors import SchemaError

DIALECT = sqlite.dialect()


def test_a_word_of_a_growing_vocabulary_is_text_in_the_database() -> None:
    word = choice(WcsKind)
    assert isinstance(word, Word)
    assert word.process_bind_param(WcsKind.FIT, DIALECT) == "fit"
    assert word.process_bind_param("fit", DIALECT) == "fit"
    assert word.process_result_value("fit", DIALECT) is WcsKind.FIT
    assert word.process_bind_param(None, DIALECT) is None
    assert word.process_result_value(None, DIALECT) is None


def test_a_word_that_there_is_not_is_refused_on_both_ways() -> None:
    word = Word(WcsKind)
    with pytest.raises(ValueError, match="'no such' is not a valid WcsKind"):
        word.process_bind_param("no such", DIALECT)
    with pytest.raises(SchemaError) as caught:
        word.process_result_value("no such", DIALECT)
    assert str(caught.value) == (
        "The ledger has the WcsKind 'no such', which this skydb does not know. "
        "Install the newer skydb that wrote it."
    )


def test_the_database_holds_the_words_of_any_other_vocabulary() -> None:
    kind = choice(SolutionStatus)
    assert isinstance(kind, Enum)
    assert kind.enums == [one.value for one in SolutionStatus]
    assert (kind.name, choice(SolutionStatus, "before").name) == ("solutionstatus", "before")
    assert (kind.create_constraint, kind.native_enum, kind.length) == (True, False, 24)
