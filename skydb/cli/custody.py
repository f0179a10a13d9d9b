"""``skydb db backup`` and ``skydb db reader``: a ledger in safe hands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.completing import words
from skydb.cli.shell import JsonOption, shell_of

#: Where a password is looked for when none is asked for.
PASSWORD_VARIABLE = "SKYDB_READER_PASSWORD"


def attach(database: typer.Typer) -> None:
    """Add the commands of this module to ``skydb db``."""
    database.command()(backup)
    database.command()(reader)


def backup(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The file to be made.")],
    kind: Annotated[
        str | None,
        typer.Option(
            help="sqlite, or dump for pg_restore; of PostgreSQL a dump when it can be.",
            autocompletion=words("kind of backup"),
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take the place of an earlier file.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the ledger as it stands at one moment to a file, and prove it table by table.

    Others can go on writing. The files of the ledger are not in it. A backup that
    fails leaves nothing.

    Example: skydb db backup friday.sqlite
    """
    from skydb.report.columns import COPIES

    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        made = ledger.database.backup(out, kind=kind, overwrite=overwrite)
    for remark in made.remarks:
        shell.say(remark)
    if as_json:
        shell.print_json(made.document())
        return
    shell.show("Backed up", made.rows, COPIES)
    note = f"{made.path}: {made.kind}, {made.bytes} bytes"
    shell.stdout.print(note, markup=False, highlight=False, soft_wrap=True)


def reader(
    context: typer.Context,
    role: Annotated[str, typer.Argument(metavar="NAME", help="Name of the role.")],
    password_env: Annotated[
        str | None,
        typer.Option(
            help="Environment variable that has its password.",
            metavar="VARIABLE",
            show_default=f"{PASSWORD_VARIABLE}, else you are asked",
        ),
    ] = None,
    no_password: Annotated[
        bool,
        typer.Option("--no-password", help="It has none: the server knows it in another way."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a role of PostgreSQL that can read the ledger and nothing else, for `skydb sql`.

    A role that exists is given what it lacks. Use the URL of a role that owns the ledger and
    may make roles. In this database only those who are let make temporary tables from then on.

    Example: skydb db reader visitor --password-env VISITOR_PASSWORD
    """
    shell = shell_of(context)
    password = None if no_password else _password(role, password_env)
    with shell.ledger() as ledger:
        made = ledger.database.reader(role, password)
    if as_json:
        shell.print_json(made.document())
        return
    was = "was made" if made.is_new else "was there"
    lines = (
        f"Role {role} {was}; it reads {made.relations} tables and views.",
        f"Use it:        skydb --db '{made.url}' sql \"SELECT ...\"",
        f"Its password:  a line {made.pgpass} in ~/.pgpass, with mode 0600",
    )
    shell.stdout.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _password(role: str, variable: str | None) -> str:
    from skydb.errors import UsageError

    found = os.environ.get(variable or PASSWORD_VARIABLE)
    if found:
        return found
    if variable is not None:
        raise UsageError(f"The environment has no {variable}.", advice="Set it, or leave it out.")
    if not sys.stdin.isatty():
        raise UsageError(
            f"No password for {role}.",
            advice=f"Put it into ${PASSWORD_VARIABLE}, or say --no-password.",
        )
    prompt = f"Password of {role}"
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True))
