"""Write the questions of docs/sql-cookbook.md from ``skydb/store/questions``; a test compares.

PYTHONPATH=. .venv/bin/python -m scripts.cookbook_page
"""

from __future__ import annotations

import re
from pathlib import Path

from skydb.store.cookbook import Question, questions

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "sql-cookbook.md"
_ENDED = "```\n"


def page(text: str) -> str:
    """The page with titles, paragraphs and SQL of the questions; its answers stay."""
    head, *sections = re.split(r"(?m)^(?=## \d+\. )", text)
    known = {question.number: question for question in questions()}
    numbers = [int(section.removeprefix("## ").partition(".")[0]) for section in sections]
    assert numbers == sorted(known), "A question has no section, or a section no question."
    written = (
        _section(known[number], section) for number, section in zip(numbers, sections, strict=True)
    )
    return head + "".join(written)


def _section(question: Question, text: str) -> str:
    _, ended, answer = text.partition("```sql\n")[2].partition(_ENDED)
    assert ended, f"Section {question.number} has no SQL."
    title = f"## {question.number}. {question.title}"
    return f"{title}\n\n{question.about}\n\n```sql\n{question.example}{_ENDED}{answer}"


if __name__ == "__main__":
    DOCUMENT.write_text(page(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
