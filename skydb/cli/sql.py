"""``skydb sql``: questions that no command thought of."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydb.cli.shell import JsonOption, Shell, jsonable, shell_of
from skydb.report.counting import counted

if TYPE_CHECKING:
    from skydb.api.reading import OpenAnswer

#: Rows that are held at once; more are several tables, one below the other.
_PART = 1_000

_MOST_ROWS = 10_000
_MOST_SECONDS = 300.0

#: Rows of an answer, in parts.
_Parts = Iterator[list[tuple[Any, ...]]]


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(sql)


def sql(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(help="One SELECT.")],
    limit: Annotated[
        int, typer.Option(min=0, help="Most rows; more end with exit code 5. 0: all of them.")
    ] = _MOST_ROWS,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds that the database may take. 0: any time.")
    ] = _MOST_SECONDS,
    as_is: Annotated[
        bool,
        typer.Option(
            "--as-is",
            help="On PostgreSQL: also as a role that can do more than read, with functions that "
            "act outside of the question.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a SELECT on tables and views; nothing can be written.

    Rows are shown as they come. On PostgreSQL use the role that `skydb db reader` makes.

    Example: skydb sql "SELECT rootname, mdrizsky FROM v_sky_values WHERE downgraded"
    """
    shell = shell_of(context)
    if as_is:
        shell.say("--as-is: what this role may do, the functions in this SELECT can do.")
    with (
        shell.ledger() as ledger,
        ledger.asking(statement, timeout_s=timeout or None, as_is=as_is) as answer,
    ):
        rows = _Bounded(answer, limit or None)
        if as_json:
            _stream_json(answer.columns, rows.parts())
        else:
            _show(shell, answer.columns, rows)
    shell.flag(
        when=rows.has_more,
        sentence=f"These are the first {limit} rows; there are more. --limit 0 shows all.",
    )


class _Bounded:
    """The rows of an answer up to a limit, and whether there are more."""

    def __init__(self, answer: OpenAnswer, limit: int | None) -> None:
        self.has_more = False
        self._answer, self._limit = answer, limit

    def parts(self) -> _Parts:
        left = self._limit
        while part := self._answer.fetch(_PART if left is None else min(_PART, left + 1)):
            if left is not None and len(part) > left:
                self.has_more = True
                part = part[:left]
            if part:
                yield part
            if left is not None:
                left -= len(part)
            if self.has_more:
                return


def _stream_json(columns: tuple[str, ...], parts: _Parts) -> None:
    """Write one JSON document, row by row, as it would be written at once."""
    first = next(parts, [])  # A statement that fails has written nothing.
    before = "["
    for part in chain([first], parts):
        for row in part:
            document = jsonable(dict(zip(columns, row, strict=True)))
            text = json.dumps(document, indent=1, allow_nan=False).replace("\n", "\n ")
            sys.stdout.write(f"{before}\n {text}")
            before = ","
    sys.stdout.write("[]\n" if before == "[" else "\n]\n")


def _show(shell: Shell, columns: tuple[str, ...], rows: _Bounded) -> None:
    from skydb.report.tables import Column

    names = [Column(name, name, format="", beside="", wraps=True) for name in columns]
    parts, shown = rows.parts(), 0
    part = next(parts, [])
    while True:
        following = next(parts, None)
        shown += len(part)
        note = counted(shown, "row") if following is None else ""
        plain = [dict(zip(columns, row, strict=True)) for row in part]
        shell.show("", plain, names, note=note)
        if following is None:
            return
        part = following
