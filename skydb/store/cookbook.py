"""Questions that surveys ask, as SQL with parameters: the one source of docs/sql-cookbook.md.

Each is a file of ``questions``: a title, a paragraph and the parameters as comments, then one
SELECT that SQLite and PostgreSQL answer alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PARAMETER = re.compile(r"^-- :(\w+) (integer|real|text) = (.+)$")
_COMMENT = re.compile(r"^-- ?")
#: ``:name``, which is neither a cast of PostgreSQL nor within a word.
_PLACE = re.compile(r"(?<![:\w]):(\w+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a question is asked with.

    Parameters
    ----------
    name : str
        As it stands in the SQL, after a colon.
    kind : str
        ``integer``, ``real`` or ``text``.
    example : str
        Value in the documentation.
    """

    name: str
    kind: str
    example: str

    @property
    def literal(self) -> str:
        """The example as SQL."""
        return f"'{self.example}'" if self.kind == "text" else self.example


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its SQL.

    Parameters
    ----------
    number : int
        Place in the cookbook, from 1.
    name : str
        Short name, e.g. ``sky-changed``.
    title, about : str
        The question, and what to know of the answer.
    parameters : tuple of Parameter
    sql : str
        One SELECT with ``:name`` for each parameter, and a semicolon.
    """

    number: int
    name: str
    title: str
    about: str
    parameters: tuple[Parameter, ...]
    sql: str

    @property
    def example(self) -> str:
        """The SQL with the values of the documentation."""
        return self._filled({one.name: one.literal for one in self.parameters})

    @property
    def typed(self) -> str:
        """The SQL for parameters that are given as text, without the semicolon."""
        kinds = {one.name: f"CAST(:{one.name} AS {one.kind.upper()})" for one in self.parameters}
        return self._filled(kinds).strip().removesuffix(";")

    def _filled(self, values: Mapping[str, str]) -> str:
        return _PLACE.sub(lambda found: values[found[1]], self.sql)


@cache
def questions() -> tuple[Question, ...]:
    """Every question, in order."""
    folder = files("skydb") / "store" / "questions"
    found = [one for one in folder.iterdir() if one.name.endswith(".sql")]
    return tuple(
        _question(one.name.removesuffix(".sql"), one.read_text(encoding="utf-8"))
        for one in sorted(found, key=lambda one: one.name)
    )


def _question(stem: str, text: str) -> Question:
    number, _, name = stem.partition("-")
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("--")]
    parameters = [Parameter(*found.groups()) for line in head if (found := _PARAMETER.match(line))]
    said = [_COMMENT.sub("", line) for line in head if not _PARAMETER.match(line)]
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    about = "\n".join(said[1:]).strip()
    return Question(int(number), name, said[0], about, tuple(parameters), f"{sql}\n")
