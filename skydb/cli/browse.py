"""``skydb browse``: the ledger as pages in a browser."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from skydb.cli.shell import JsonOption, shell_of


def attach(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(browse)


def browse(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any.")] = 0,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others let other machines read.")
    ] = "127.0.0.1",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the first page in the browser.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Show a snapshot of the ledger as pages in a browser until interrupted.

    Fields, visits, exposures, runs side by side, maps, what is due, every view and the
    questions of the SQL cookbook. Nothing can be written, and nothing is loaded from elsewhere.
    Without a terminal, and with --json, no browser is opened.

    Example: skydb browse --port 8001
    """
    shell = shell_of(context)
    with shell.ledger() as ledger, ledger.browse(host=host, port=port) as site:
        may_open = browser and not as_json and _has_terminal()

        def announce() -> None:
            sys.stdout.write(f"{json.dumps({'url': site.url})}\n" if as_json else f"{site.url}\n")
            sys.stdout.flush()
            if not as_json:
                shell.say("Serving a snapshot until interrupted (Ctrl+C).")
            if may_open:
                _open(site.url)

        site.wait(announce)


def _has_terminal() -> bool:
    return sys.stdout.isatty()


def _open(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
