"""Documents that are written before they come to the database."""

from __future__ import annotations

import json

from skydb.domain.jsontext import JsonText, as_json

DOCUMENT = {"sky": 0.1 + 0.2, "name": 'ü "1"', "chips": [1, None, True]}


def test_a_document_that_is_written_is_not_written_again() -> None:
    text = JsonText.of(DOCUMENT)
    assert text == as_json(DOCUMENT) == as_json(text) == json.dumps(DOCUMENT)
    assert json.loads(text) == DOCUMENT


def test_a_driver_gets_a_plain_text() -> None:
    assert type(as_json(JsonText.of(DOCUMENT))) is str
