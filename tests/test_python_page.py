"""docs/python.md says what the docstrings say."""

from __future__ import annotations

from scripts.python_page import DOCUMENT, page


def test_the_page_of_the_python_interface_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page()


def test_it_has_every_group_of_the_ledger() -> None:
    for group in ("align", "sky", "refcat", "runs", "books.deliveries", "export", "database"):
        assert f"\n## db.{group}\n" in page()
