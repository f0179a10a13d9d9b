from __future__ import annotations

from scripts.cookbook_page import DOCUMENT, page


def test_the_cookbook_asks_what_the_package_asks():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert page(text) == text, "Run `python -m scripts.cookbook_page`."


def test_a_question_that_was_edited_in_the_document_alone_is_found():
    text = DOCUMENT.read_text(encoding="utf-8")
    edited = text.replace("ORDER BY filter;", "ORDER BY unit;")
    assert edited != text
    assert page(edited) == text
