"""``skydb init`` and ``skydb db``: the schema comes to be and stays current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli import custody
from skydb.cli.shell import JsonOption, group, shell_of

if TYPE_CHECKING:
    from skydb.api.results import Record
    from skydb.cli.shell import Shell

database = group("The database: its schema, and copies of it.")


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(init)
    custody.attach(database)
    app.add_typer(database, name="db")


def init(
    context: typer.Context,
    into_foreign: Annotated[
        bool,
        typer.Option("--into-foreign", help="Add to a database with tables of another program."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Create the database, or bring an existing one up to date.

    Example: skydb --db sqlite:///horsehead.sqlite init
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        _show(shell, ledger.database.upgrade(into_foreign=into_foreign), as_json=as_json)


@database.command()
def upgrade(context: typer.Context, as_json: JsonOption = False) -> None:
    """Bring the schema up to date.

    Example: skydb db upgrade
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        _show(shell, ledger.database.upgrade(), as_json=as_json)


@database.command()
def current(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the revision of the database; exit code 3 when it is not this skydb's.

    Example: skydb db current --json
    """
    from skydb.errors import SchemaError

    shell = shell_of(context)
    with shell.ledger() as ledger:
        state = ledger.database.current()
    _show(shell, state, as_json=as_json)
    if not state.is_current:
        raise typer.Exit(SchemaError.exit_code)


@database.command()
def check(context: typer.Context, as_json: JsonOption = False) -> None:
    """Compare the tables in the database with those that skydb expects.

    Example: skydb db check
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        checked = ledger.database.check()
    if as_json:
        shell.print_json(checked.document())
    else:
        told = "\n".join(checked.differences) or "The tables are as they should be."
        shell.stdout.print(told, markup=False)
    shell.finish(checked)


@database.command("copy")
def copy_(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SRC", help="URL of the ledger.")],
    target: Annotated[
        str, typer.Argument(metavar="DST", help="URL of an empty database, which is made ready.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Copy a whole ledger between SQLite and PostgreSQL, and prove the copy table by table.

    All in one transaction: a copy that fails leaves nothing. Files stay where they are; use
    the copy with the same data root.

    Example: skydb db copy sqlite:///skydb.sqlite postgresql://me@host/skydb
    """
    from skydb.api.database import copy
    from skydb.cli.progress import progress_on
    from skydb.report.columns import COPIES

    shell = shell_of(context)
    with progress_on(shell.stderr, wanted=not (as_json or shell.quiet)) as listener:
        copies = copy(source, target, progress=listener)
    note = f"{sum(one['rows'] for one in copies)} rows"
    shell.present("Copied", copies, COPIES, as_json=as_json, note=note)


def _show(shell: Shell, state: Record, *, as_json: bool) -> None:
    if as_json:
        shell.print_json(state.document())
        return
    verdict = "current" if state.is_current else f"not current; skydb wants {state.head}"
    shell.stdout.print(f"Revision {state.revision}, {verdict}.")
