from __future__ import annotations

from scripts.columns_page import DOCUMENT, VIEWS, document, views_page


def test_the_pages_of_columns_say_what_the_registry_says():
    advice = "Run `python -m scripts.columns_page`."
    assert DOCUMENT.read_text(encoding="utf-8") == document(), advice
    views = VIEWS.read_text(encoding="utf-8")
    assert views_page(views) == views, advice
