"""Write docs/command-reference.md and docs/man/skydb.1 from the commands; a test compares.

PYTHONPATH=. .venv/bin/python -m scripts.command_pages
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skydb.cli.app import command_tree
from skydb.version import __version__

_DOCS = Path(__file__).resolve().parents[1] / "docs"
REFERENCE = _DOCS / "command-reference.md"
MAN = _DOCS / "man" / "skydb.1"

#: Options that every command has; they are explained once.
_EVERYWHERE = ("--help",)
_KINDS = {"str": "TEXT", "int": "INTEGER", "float": "NUMBER", "path": "PATH", "Path": "PATH"}

_HEAD = """# Command reference

Written by `python -m scripts.command_pages` from the commands themselves; a test compares.
[Commands](commands.md) has them in one table, with exit codes and the options that select
exposures. The same text is the manual page `man skydb`.
"""


@dataclass(frozen=True)
class Command:
    """A command as a reader sees it: its words, help, and rows of arguments and options."""

    words: tuple[str, ...]
    help: str
    example: str
    usage: str
    rows: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Words with which it is called."""
        return " ".join(("skydb", *self.words))


def commands() -> Iterator[Command]:
    """The program itself, and all commands that are not hidden, in their order."""
    root = command_tree()
    yield _described((), root)
    yield from _below((), root)


def _below(words: tuple[str, ...], group: Any) -> Iterator[Command]:  # noqa: ANN401 - typer's
    for name, spec in group.commands.items():
        if spec.hidden:
            continue
        path = (*words, name)
        is_group = hasattr(spec, "commands")
        # A group that does something by itself, such as `skydb export`, is a command, too.
        if not is_group or getattr(spec, "invoke_without_command", False):
            yield _described(path, spec)
        if is_group:
            yield from _below(path, spec)


def _described(words: tuple[str, ...], spec: Any) -> Command:  # noqa: ANN401 - typer's
    context = spec.make_context("skydb", [], resilient_parsing=True)
    text, _, example = inspect.cleandoc(spec.help or "").partition("\nExample: ")
    rows = [parameter.get_help_record(context) for parameter in spec.params]
    shown = tuple((_kind(row[0]), " ".join(row[1].split())) for row in rows if row)
    rows_here = tuple(row for row in shown if not words or not row[0].endswith(_EVERYWHERE))
    usage = " ".join(("skydb", *words, *spec.collect_usage_pieces(context)))
    return Command(words, text.strip(), example.strip(), usage, rows_here)


def _kind(signature: str) -> str:
    """The signature of an option with the kind of its value in words."""

    def worded(found: re.Match[str]) -> str:
        kind = re.sub(r"^list\[(.*)\]$", r"\1", found[1])
        return _KINDS.get(kind, kind.upper() if kind.isidentifier() else kind)

    # Versions of typer differ in whether an argument has its kind beside it.
    if not signature.startswith("-"):
        return signature.partition(" <")[0]
    return re.sub(r"<([^>]+)>", worded, signature)


def reference() -> str:
    """Text of the page."""
    return _HEAD + "".join(map(_section, commands()))


def _section(command: Command) -> str:
    lines = ["", f"## {command.name}", "", _markdown(command.help), ""]
    lines += ["```text", command.usage, "```", ""]
    if command.rows:
        lines += ["| argument or option | meaning |", "|---|---|"]
        lines += [f"| `{_cell(name)}` | {_cell(_markdown(text))} |" for name, text in command.rows]
        lines.append("")
    if command.example:
        lines += ["Example:", "", "```text", command.example, "```", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _markdown(text: str) -> str:
    """Text in which Markdown finds no marks of its own."""
    return re.sub(r"([*<>\[\]_])", r"\\\1", text)


def manual() -> str:
    """Text of the manual page, in the macros of man(7)."""
    program, *rest = commands()
    title, _, codes = program.help.partition(" Exit codes: ")
    parts = [
        f'.TH SKYDB 1 "" "skydb {__version__}" "User Commands"',
        ".ad l",
        ".nh",
        ".SH NAME",
        _roff(f"skydb - {title[0].lower()}{title[1:].rstrip('.')}"),
        ".SH SYNOPSIS",
        ".B skydb",
        _roff("[--db URL] [--data DIR] COMMAND ... [--json]"),
        ".SH DESCRIPTION",
        _roff(title),
        ".SH OPTIONS",
        *_tagged(program.rows),
        ".SH COMMANDS",
    ]
    for command in rest:
        parts += [f".SS {_roff(command.usage)}", _roff(command.help)]
        parts += _tagged(command.rows)
        parts += [".PP", "Example:", f".B {_roff(command.example)}"] if command.example else []
    parts += [".SH EXIT STATUS", _roff(codes), ".SH ENVIRONMENT"]
    parts += _tagged(
        (
            ("SKYDB_URL", "Database, unless --db is given."),
            ("SKYDB_DATA", "Directory of the files that skydb fetches or makes."),
            ("SKYDB_SELFTEST", "never: no self-test before the first sky run."),
        )
    )
    parts += [".SH FILES", *_tagged((("skydb.sqlite", "The ledger, in the current directory."),))]
    return "\n".join(parts) + "\n"


def _tagged(rows: tuple[tuple[str, str], ...]) -> list[str]:
    return [line for name, text in rows for line in (".TP", f".B {_roff(name)}", _roff(text))]


def _roff(text: str) -> str:
    """Text that roff takes as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join(f"\\&{line}" if line[:1] == "." else line for line in escaped.split("\n"))


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
    MAN.write_text(manual(), encoding="utf-8")
