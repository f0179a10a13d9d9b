"""Plain words: first words of docstrings, and metaphors that texts do not use."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

#: A first line is a noun phrase or an imperative.
FIRST_WORDS = {
    *("What", "Whatever", "How", "Where", "Who", "Whom", "Whose", "Whoever", "Which", "Whichever"),
    *("Why", "When", "Whence", "Those", "That", "Of", "As", "None", "Nobody", "Nothing"),
}

#: Metaphors, and old names of things that have another name now.
BANNED = re.compile(
    r"\b(?:witness\w*|hears?|heard|hearing|testimon\w+|judg\w+|tells?|told|telling|silent(?:ly)?|"
    r"shelf|shelves|bur(?:y|ied|ies)|disown\w*|nobody|whoever|in force|no day|is no visit|"
    r"less its own|of before|delivered anew|came of|realised shift|heirs?|"
    r"speaks? (?:for|against)|a good word)\b",
    re.IGNORECASE,
)

#: Places that the rules do not hold for; none now.
OPEN: tuple[str, ...] = ()

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def _sources() -> list[Path]:
    paths = sorted((REPOSITORY / "skydb").rglob("*.py"))
    return [path for path in paths if not _name(path).startswith(OPEN)]


def _is_boolean(node: Documented) -> bool:
    """Whether it is a function that returns one truth value or an array of them."""
    returns = getattr(node, "returns", None)
    return (
        returns is not None and re.search("bool|Flags|Verdicts", ast.unparse(returns)) is not None
    )


def first_words(source: str) -> Iterator[str]:
    """Lines of a source, with the first words that they may not have."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Documented):
            word = re.split(r"\W", ast.get_docstring(node) or "", maxsplit=1)[0]
            if word in FIRST_WORDS or (word == "Whether" and not _is_boolean(node)):
                yield f"{getattr(node, 'lineno', 1)}: {word}"


def _texts(source: str) -> Iterator[tuple[int, str]]:
    """Sentences of a source, by line: docstrings, comments and strings of several words."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_sentence = token.type == tokenize.STRING and " " in token.string
        if is_sentence or token.type in (tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)):
            yield token.start[0], token.string


def banned_words(texts: Iterator[tuple[int, str]]) -> Iterator[str]:
    """Lines with a banned word."""
    for first, text in texts:
        for found in BANNED.finditer(text):
            yield f"{first + text.count(chr(10), 0, found.start())}: {found[0]}"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('"""What it is."""', ["1: What"]),
        ('def f() -> int:\n    """Whether it is."""', ["1: Whether"]),
        ('def f() -> bool:\n    """Whether it is."""', []),
        ('class C:\n    """A thing."""', []),
    ],
)
def test_first_words_are_found(source: str, words: list[str]) -> None:
    assert list(first_words(source)) == words


def test_banned_words_are_found_in_comments_docstrings_and_messages() -> None:
    source = '"""A check.\n\nIt hears."""\nx = "nobody is here"  # told above\ny = "told"\n'
    found = ["3: hears", "4: nobody", "4: told"]
    assert list(banned_words(_texts(source))) == found


def _found(paths: list[Path], search: Callable[[str], Iterator[str]]) -> dict[str, list[str]]:
    found = {_name(path): list(search(path.read_text(encoding="utf-8"))) for path in paths}
    return {name: lines for name, lines in found.items() if lines}


def test_docstrings_begin_with_a_noun_or_an_imperative() -> None:
    assert _found(_sources(), first_words) == {}


def test_code_uses_plain_words() -> None:
    assert _found(_sources(), lambda source: banned_words(_texts(source))) == {}


def test_the_manual_uses_plain_words() -> None:
    manuals = [*(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "README.md"]
    closed = [path for path in manuals if not _name(path).startswith(OPEN)]
    assert _found(closed, lambda text: banned_words(iter([(1, text)]))) == {}
