"""The command ``skydb``: all commands, and how each ends."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.models import CommandInfo, TyperInfo

from skydb.cli.inputs import show_refused
from skydb.cli.late import WITH_VALUE, WITHOUT_VALUE, late
from skydb.cli.shell import FAILED, Shell
from skydb.errors import DiskError, InputsRefusedError, SkydbError
from skydb.interruption import check
from skydb.version import __version__


class _AllCommands(TyperGroup):
    """The tree of all commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Sort a line that is being completed; one that runs is sorted before."""
        # The context is of whatever click this typer brings, which has no public name.
        return list(super().parse_args(ctx, placed(args) if ctx.resilient_parsing else args))


#: The modules of every command and group, in the order of ``--help``. One command imports its own.
MODULES: dict[str, tuple[str, ...]] = {
    "init": ("schema",),
    "simulate": ("field",),
    "fetch": ("fetch",),
    "ingest": ("files",),
    "findings": ("files",),
    "drizzle": ("drizzle",),
    "restore-headers": ("headers",),
    "status": ("todo",),
    "todo": ("todo",),
    "fsck": ("fsck",),
    "sql": ("sql",),
    "find": ("find",),
    "browse": ("browse",),
    "explain": ("provenance",),
    "replay": ("provenance",),
    "demo": ("demo",),
    "report": ("demo",),
    "doctor": ("doctor",),
    "version": (),
    "db": ("schema",),
    "inspect": ("files",),
    "refcat": ("refcat",),
    "align": ("align", "wcs", "sky"),
    "sky": ("sky",),
    "preset": ("preset",),
    "history": ("history",),
    "runs": ("runs",),
    "books": ("books",),
    "export": ("export",),
    "archive": ("archive",),
}
_PLACES = {name: place for place, name in enumerate(MODULES)}
#: Modules that add commands to the group of another one, in this order, whichever came first.
_GUESTS = {"align": ("skydb.cli.wcs", "skydb.cli.compare")}

app = typer.Typer(
    cls=_AllCommands,
    help="The ledger of HST sky matching. Exit codes: 0 done; 1 the work failed; 2 wrong usage; "
    "3 schema out of date; 4 not found; 5 done, but something was downgraded, skipped or flagged; "
    "130, 143, 129 stopped by SIGINT, SIGTERM, SIGHUP.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    # -h means help in every command: contexts hand this on.
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(*, wanted: bool) -> None:
    if wanted:
        print_version()
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    db: Annotated[
        str | None,
        typer.Option(
            help="Database URL.", envvar="SKYDB_URL", show_default="sqlite:///skydb.sqlite"
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data root.", envvar="SKYDB_DATA", show_default="skydb-data beside the database"
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no remarks.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say where an error arose.")] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="Tables with all columns, wider than the terminal.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_tell_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Collect the options that every command has."""
    context.obj = Shell(db, data, quiet, verbose, wide)


@app.command("version")
def print_version() -> None:
    """Print the version of skydb.

    Example: skydb version
    """
    sys.stdout.write(f"{__version__}\n")


def run(words: list[str]) -> int:
    """Run a command and return its exit code; errors go to stderr in one sentence."""
    try:
        line = placed(words)
        command_tree(line)(line, prog_name="skydb")
    except InputsRefusedError as error:
        show_refused(Shell(quiet="--quiet" in words), error)
        return _explain(error, words)
    except SkydbError as error:
        return _explain(error, words)
    except OSError as error:
        refused = DiskError.of(error)
        refused.__cause__ = error
        return _explain(refused, words)
    except SystemExit as end:
        # So typer ends every command, the misused ones too: its own errors have no public name.
        return end.code if isinstance(end.code, int) else FAILED
    return 0


def placed(words: Sequence[str]) -> list[str]:
    """A command line with the options that every command has where they are looked for.

    ``--quiet``, ``--verbose``, ``--wide``, ``--db`` and ``--data`` belong before the command,
    ``--json`` after it; people write them anywhere. What follows ``--`` is no option. Without a
    command nothing has a document, and ``--json`` goes.
    """
    end = words.index("--") if "--" in words else len(words)
    options, rest = words[:end], list(words[end:])
    first = [word for word in WITHOUT_VALUE if word in options]
    where, others = _with_values([w for w in options if w not in (*WITHOUT_VALUE, "--json")])
    has_command = any(not word.startswith("-") for word in others)
    last = ["--json"] if "--json" in options and has_command else []
    return [*first, *where, *others, *last, *rest]


def _with_values(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options of every command that have a value, with it; and all other words."""
    where: list[str] = []
    others: list[str] = []
    left = iter(words)
    for word in left:
        value = next(left, None) if word in WITH_VALUE else None
        if value is not None:
            where += [word, value]
        else:
            is_joined = word.partition("=")[0] in WITH_VALUE and "=" in word
            (where if is_joined else others).append(word)
    return where, others


def command_tree(words: Sequence[str] | None = None) -> Callable[..., object]:
    """The tree of all commands, made anew, or one that has at least what a line calls.

    Parameters
    ----------
    words : sequence of str, optional
        The line, options of every command first, as :func:`placed` gives it. Its tree is kept
        for the next line.
    """
    name = None if words is None else _called(words)
    every = (module for modules in MODULES.values() for module in modules)
    for module in every if name is None else MODULES[name]:
        _attach(module)
    return _new() if words is None else _made(_attach.cache_info().currsize)


def _called(words: Sequence[str]) -> str | None:
    """The command or group that a line calls; nothing when it may want to know all of them."""
    _, others = _with_values([word for word in words if word not in WITHOUT_VALUE])
    # A shell that completes a line gives it in the environment.
    is_known = bool(others) and others[0] in MODULES and "_SKYDB_COMPLETE" not in os.environ
    return others[0] if is_known else None


@cache
def _attach(module: str) -> None:
    importlib.import_module(f"skydb.cli.{module}").attach(app)


@cache
def _made(_: int) -> Callable[..., object]:
    """The tree of what is attached: once for a process that calls one command."""
    return _new()


def _new() -> Callable[..., object]:
    late(app)
    app.registered_commands.sort(key=_place)
    app.registered_groups.sort(key=_place)
    for group in app.registered_groups:
        guests = _GUESTS.get(str(group.name), ())
        if group.typer_instance is not None and guests:
            group.typer_instance.registered_commands.sort(key=partial(_guest, guests))
    return typer.main.get_command(app)


def _place(registered: CommandInfo | TyperInfo) -> int:
    return _PLACES[str(registered.name or getattr(registered.callback, "__name__", ""))]


def _guest(guests: Sequence[str], registered: CommandInfo) -> int:
    module = str(getattr(registered.callback, "__module__", ""))
    return guests.index(module) + 1 if module in guests else 0


def notes_of(error: BaseException) -> list[str]:
    """List the sentences that were added to an error on its way, such as what stands."""
    return list(getattr(error, "__notes__", ()))


def _explain(error: SkydbError, words: list[str]) -> int:
    from skydb.api.database import redacted

    # A failure that a signal caused is not explained.
    check()
    if "--verbose" in words:
        import traceback

        said = "".join(traceback.format_exception(error))
    else:
        from skydb.report.tables import printable

        said = f"skydb: {printable(' '.join([str(error), *notes_of(error)]))}\n"
    sys.stderr.write(redacted(said))
    return error.exit_code
