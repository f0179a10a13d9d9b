"""What the page of a field says of the books."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.report.field_page import write_field_report
from tests.services.survey import Survey


@pytest.fixture
def services(sqlite_ledger_url: str, tmp_path: Path) -> Iterator[Services]:
    services = Services.open(sqlite_ledger_url, tmp_path / "data")
    with services.context.store.writing() as session:
        survey = Survey(session)
        survey.sky([survey.content(survey.exposure("50"))])
        session.commit()
    yield services
    services.close()


def test_the_page_counts_what_is_due_and_shows_lines_that_hold(
    services: Services, tmp_path: Path
) -> None:
    services.books.flag("bxl50", "clouds", "as grey as can be")
    gone = services.books.note("bxl50", "a line that was withdrawn")
    services.books.withdraw(gone["id"], "wrong visit")
    page = write_field_report(services, tmp_path / "field.html").read_text()
    assert "1 thing due." in page
    assert "exposures of which skydb has aligned no content" in page
    assert "as grey as can be" in page
    assert "a line that was withdrawn" not in page


def test_an_empty_ledger_has_no_books_to_show(sqlite_ledger_url: str, tmp_path: Path) -> None:
    empty = Services.open(sqlite_ledger_url, tmp_path / "data")
    page = write_field_report(empty, tmp_path / "field.html").read_text()
    empty.close()
    assert "Books" not in page and "due." not in page
