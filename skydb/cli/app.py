"""The command ``skydb``: all commands, and how each ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Annotated

import typer

from skydb.cli import (
    align,
    archive,
    books,
    demo,
    doctor,
    drizzle,
    export,
    fetch,
    field,
    files,
    find,
    fsck,
    headers,
    history,
    preset,
    provenance,
    refcat,
    runs,
    schema,
    sky,
    sql,
    todo,
    wcs,
)
from skydb.cli.inputs import show_refused
from skydb.cli.shell import FAILED, Shell
from skydb.errors import DiskError, InputsRefusedError, SkydbError
from skydb.interruption import check
from skydb.version import __version__

app = typer.Typer(
    help="The ledger of HST sky matching. Exit codes: 0 done; 1 the work failed; 2 wrong usage; "
    "3 schema out of date; 4 not found; 5 done, but something was downgraded, skipped or flagged; "
    "130, 143, 129 told to stop by SIGINT, SIGTERM, SIGHUP.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for module in (
    schema,
    field,
    fetch,
    files,
    refcat,
    drizzle,
    align,
    headers,
    wcs,
    sky,
    preset,
    history,
    todo,
    fsck,
    runs,
    books,
    sql,
    find,
    export,
    provenance,
    demo,
    archive,
    doctor,
):
    module.attach(app)


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
) -> None:
    """Collect the options that every command has."""
    context.obj = Shell(db, data, quiet, verbose)


@app.command()
def version() -> None:
    """Print the version of skydb.

    Example: skydb version
    """
    sys.stdout.write(f"{__version__}\n")


def run(words: list[str]) -> int:
    """Run a command and return its exit code; errors go to stderr in one sentence."""
    try:
        _command()(words, prog_name="skydb")
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


@cache
def _command() -> Callable[..., object]:
    """Made of all signatures, which takes longer than most commands: once for a process."""
    return typer.main.get_command(app)


def _explain(error: SkydbError, words: list[str]) -> int:
    from skydb.store.urls import redacted

    # What failed because the command was told to stop is no failure to explain.
    check()
    if "--verbose" in words:
        import traceback

        said = "".join(traceback.format_exception(error))
    else:
        from skydb.report.tables import printable

        said = f"skydb: {printable(str(error))}\n"
    sys.stderr.write(redacted(said))
    return error.exit_code
