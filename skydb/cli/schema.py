"""``skydb init`` and ``skydb db``: the schema comes to be and stays current."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli import custody
from skydb.cli.shell import FLAGGED, JsonOption, group, shell_of

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
    from skydb.store import schema

    state = schema.upgrade(shell_of(context).db, into_foreign=into_foreign)
    _show(context, state, as_json=as_json)


@database.command()
def upgrade(context: typer.Context, as_json: JsonOption = False) -> None:
    """Bring the schema up to date.

    Example: skydb db upgrade
    """
    from skydb.store import schema

    _show(context, schema.upgrade(shell_of(context).db), as_json=as_json)


@database.command()
def current(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the revision of the database; exit code 3 when it is not this skydb's.

    Example: skydb db current --json
    """
    from skydb.errors import SchemaError
    from skydb.store import schema
    from skydb.store.engine import open_engine, resolve_url

    shell = shell_of(context)
    engine = open_engine(resolve_url(shell.db))
    state = schema.current(engine)
    engine.dispose()
    _show(context, state, as_json=as_json)
    if not state.is_current:
        raise typer.Exit(SchemaError.exit_code)


@database.command()
def check(context: typer.Context, as_json: JsonOption = False) -> None:
    """Compare the tables in the database with those that skydb expects.

    Example: skydb db check
    """
    from skydb.store import schema
    from skydb.store.engine import open_engine, resolve_url

    shell = shell_of(context)
    engine = open_engine(resolve_url(shell.db))
    schema.require_current(engine)
    differences = schema.differences(engine)
    engine.dispose()
    document = {"is_current": not differences, "differences": differences}
    if as_json:
        shell.print_json(document)
    else:
        shell.stdout.print("\n".join(differences) or "The tables are as they should be.")
    if differences:
        raise typer.Exit(FLAGGED)


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
    from skydb.cli.progress import progress_on
    from skydb.report.columns import COPIES
    from skydb.services.bookkeeping import copy_database

    shell = shell_of(context)
    with progress_on(shell.stderr, wanted=not (as_json or shell.quiet)) as listener:
        copies = copy_database(source, target, listener)
    note = f"{sum(one.rows for one in copies)} rows"
    shell.show("Copied", copies, COPIES, as_json=as_json, note=note)


def _show(context: typer.Context, state: object, *, as_json: bool) -> None:
    from skydb.store.schema import SchemaState

    assert isinstance(state, SchemaState)
    document = {"revision": state.revision, "is_current": state.is_current, "head": state.head}
    if as_json:
        shell_of(context).print_json(document)
    else:
        verdict = "current" if state.is_current else f"not current; skydb wants {state.head}"
        shell_of(context).stdout.print(f"Revision {state.revision}, {verdict}.")
