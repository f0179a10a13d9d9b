"""``skydb archive``: an archive of a simulated field, on loopback."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from skydb.cli.completing import simulated
from skydb.cli.shell import JsonOption, group, shell_of


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    archive = group("An archive on loopback: MAST, catalogue services and Gaia.")
    archive.command()(serve)
    app.add_typer(archive, name="archive")


def serve(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="What `skydb simulate` wrote.")],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for any.")] = 0,
    misbehave: Annotated[
        list[str] | None,
        typer.Option(
            help="FAULT[,NAME=VALUE...], e.g. dropped,product=ibxl50clq_flt.fits,times=1 "
            "or http_error,service=portal,status=500. Repeatable.",
            autocompletion=simulated("fault"),
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a simulated field as MAST, Gaia and the catalogue service until interrupted.

    `skydb fetch` asks it when SKYDB_MAST_URL is its address, `skydb refcat gaia` when
    SKYDB_GAIA_URL is, and `skydb refcat footprint` when SKYDB_GSSS_URL is.

    Example: skydb archive serve field --port 8123
    """
    from skydb.api.fetching import variables_for
    from skydb.simulate.archive import Misbehaviour
    from skydb.simulate.archive import serve as serve_archive

    shell = shell_of(context)

    def ready(url: str) -> None:
        variables = variables_for(url)
        document = json.dumps({"url": url, "environment": variables})
        sys.stdout.write(f"{document}\n" if as_json else f"{url}\n")
        sys.stdout.flush()
        if not as_json:
            named = " ".join(f"{name}={value}" for name, value in variables.items())
            shell.say("Serving until interrupted (Ctrl+C). To ask it, in another terminal:")
            shell.say(f"export {named}")

    misbehaviours = [Misbehaviour.from_text(text) for text in misbehave or ()]
    serve_archive(directory, port, misbehaviours=misbehaviours, ready=ready)
