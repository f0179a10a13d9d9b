"""Options, output and exit codes of every command."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from skydb.cli.completing import with_default

if TYPE_CHECKING:
    from rich.console import Console

    from skydb.api.ledger import Ledger
    from skydb.api.results import Result
    from skydb.report.tables import Column

#: Done, but something was downgraded, skipped or flagged.
FLAGGED = 5
#: The work failed; a row says how.
FAILED = 1
#: Sentences that are printed at once.
_PART = 500

JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")
]


@dataclass(frozen=True)
class Shell:
    """The global options, and how a command speaks to its user."""

    db: str | None = None
    data: str | None = None
    quiet: bool = False
    verbose: bool = False
    wide: bool = False

    @cached_property
    def stdout(self) -> Console:
        """Tables go here."""
        from rich.console import Console

        return Console()

    @cached_property
    def stderr(self) -> Console:
        """Progress, remarks and errors go here."""
        from rich.console import Console

        return Console(stderr=True, quiet=self.quiet)

    @contextmanager
    def ledger(self, *, progress: bool = False) -> Iterator[Ledger]:
        """Give the ledger for the length of a command; a method opens its database."""
        import skydb
        from skydb.cli.progress import progress_on

        with progress_on(self.stderr, wanted=progress and not self.quiet) as listener:
            ledger = skydb.lazy_ledger(self.db, self.data, progress=listener)
            try:
                yield ledger
            finally:
                ledger.close()

    def present(
        self,
        title: str,
        result: Result,
        columns: Sequence[Column] = (),
        *,
        as_json: bool = False,
        note: str = "",
    ) -> None:
        """Print a result and its remarks, and end with the exit code that it asks for."""
        if as_json:
            self.print_json(result.document())
        else:
            self.show(title, result.rows, columns, note=note)
        self.finish(result)

    def finish(self, result: Result) -> None:
        """Print the remarks of a result, and end with the exit code that it asks for."""
        self.say(*result.remarks)
        if result.has_failed:
            raise typer.Exit(FAILED)
        self.flag(when=result.is_flagged)

    def show(
        self,
        title: str,
        rows: Sequence[Any],
        columns: Sequence[Column] = (),
        *,
        as_json: bool = False,
        note: str = "",
    ) -> None:
        """Print rows: a table for people, or one JSON document for programs."""
        plain = [
            row if isinstance(row, dict) else asdict(row) if is_dataclass(row) else dict(row)  # type: ignore[arg-type]
            for row in rows
        ]
        if as_json:
            self.print_json(plain)
            return
        from skydb.report.console import render_table
        from skydb.report.tables import infer_columns

        plain = [{**row, "path": near(row["path"])} if "path" in row else row for row in plain]

        render_table(
            title, columns or infer_columns(plain), plain, self.stdout, note=note, wide=self.wide
        )

    def print_json(self, document: object) -> None:
        """Print one JSON document; NaN and infinity become null.

        Rows are written one by one: a list of any length takes the memory of one row.
        """
        for part in _json_parts(document):
            sys.stdout.write(part)

    def say(self, *sentences: str) -> None:
        """Remark on stderr, one line a sentence."""
        from skydb.report.tables import printable

        for start in range(0, len(sentences), _PART):
            text = "\n".join(map(printable, sentences[start : start + _PART]))
            # Wrapped by the terminal alone: in a log file a sentence is one line to search for.
            self.stderr.print(text, markup=False, highlight=False, soft_wrap=True)

    def flag(self, *, when: bool = True, sentence: str = "") -> None:
        """End with exit code 5 when something was downgraded, skipped or flagged."""
        if when:
            if sentence:
                self.say(sentence)
            raise typer.Exit(FLAGGED)


def near(path: str | None) -> str | None:
    """A path as it can be used from here: relative to the current directory when below it."""
    here = Path.cwd()
    if path is None or not Path(path).is_relative_to(here):
        return path
    return str(Path(path).relative_to(here))


def shell_of(context: typer.Context) -> Shell:
    """The shell that the root command made."""
    shell: Shell = context.find_root().obj
    return shell


def group(help_text: str) -> typer.Typer:
    """A group of commands that shows its help when called alone."""
    return typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode=None)


def one_by_default(name: str, *, alone: bool = False) -> type[TyperGroup]:
    """A class of groups of which one command need not be named.

    Parameters
    ----------
    name : str
        The command.
    alone : bool
        Whether it is also meant by the name of the group alone.
    """

    class OneByDefault(TyperGroup):
        by_default = name

        def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:  # noqa: ANN401
            """Words of the group, and options of the command that is meant without its name."""
            offered = list(super().shell_complete(ctx, incomplete))
            named = {one.value for one in offered}
            more = with_default(self, ctx, incomplete) if incomplete.startswith("-") else []
            return [*offered, *(one for one in more if one.value not in named)]

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
            """Put the command before what names none."""
            # The context is of whatever click this typer brings, which has no public name.
            known = (*self.commands, *ctx.help_option_names)
            # Of a line that is being completed a name may follow.
            is_alone = alone and not ctx.resilient_parsing
            if args[0] not in known if args else is_alone:
                args = [name, *args]
            return list(super().parse_args(ctx, args))

    return OneByDefault


def key_values(texts: Sequence[str], **named: object) -> dict[str, object]:
    """Options ``name=value`` for a tool, as text, and those that commands have by name.

    Parameters
    ----------
    texts : sequence of str
        As they were typed.
    **named
        Values of a command's own options by the names of the tool's; None is not said.

    Raises
    ------
    UsageError
        When one has no equals sign, or one is given twice.
    """
    from skydb.errors import UsageError

    options = {name: value for name, value in named.items() if value is not None}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise UsageError(f"{text!r} is not NAME=VALUE.")
        if name in options:
            raise UsageError(f"{name} is given twice.", advice="Give it once.")
        options[name] = value
    return options


def _json_parts(document: object) -> Iterator[str]:
    if not isinstance(document, (list, tuple)) or not document:
        yield f"{_json(document)}\n"
        return
    for place, row in enumerate(document):
        # No text in JSON has a line break of its own.
        text = _json(row).replace("\n", "\n ")
        yield f",\n {text}" if place else f"[\n {text}"
    yield "\n]\n"


def _json(document: object) -> str:
    return json.dumps(jsonable(document), indent=1, allow_nan=False)


def jsonable(value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """A value as JSON can have it; NaN and infinity become null."""
    if type(value) in _AS_THEY_ARE:
        return value
    for is_kind, convert in _CONVERSIONS:
        if is_kind(value):
            return convert(value)
    return value


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): jsonable(item) for key, item in value.items()}


#: Kinds of most values.
_AS_THEY_ARE = {str, int, bool, type(None)}

_CONVERSIONS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (lambda v: isinstance(v, Enum), lambda v: v.value),
    (lambda v: isinstance(v, float) and not math.isfinite(v), lambda _: None),
    (lambda v: isinstance(v, Mapping), _mapping),
    (lambda v: isinstance(v, (list, tuple, set)), lambda v: [jsonable(item) for item in v]),
    (lambda v: is_dataclass(v) and not isinstance(v, type), lambda v: jsonable(asdict(v))),
    (lambda v: isinstance(v, date), lambda v: v.isoformat()),
    (lambda v: isinstance(v, Path), str),
    (lambda v: hasattr(v, "item"), lambda v: jsonable(v.item())),
    (
        lambda v: v is not None and not isinstance(v, (bool, int, float, str)),
        str,
    ),
)
