"""``skydb explain``: where a number comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.shell import JsonOption, shell_of

if TYPE_CHECKING:
    from skydb.services.provenance.graph import Lineage


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(explain)


def explain(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            help="A sky value ROOTNAME[EXTVER]@RUN, a file FILE@VERSION, run:6, mosaic:6, "
            "solution:31, catalog:NAME or activity:4."
        ),
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="All inputs of all activities, not only those behind it.")
    ] = False,
    prov: Annotated[
        bool, typer.Option("--prov", help="W3C PROV-JSON on stdout, and nothing else there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show where one thing comes from: what made it, from what, with which software, by whom.

    The lineage goes back to the archive or to the file as it was given, and shows every
    finding, flag and downgrade on the way. Relations are those of W3C PROV.

    Example: skydb explain "ibxl50clq[1]@6"
    """
    shell = shell_of(context)
    with shell.services() as services:
        graph = services.explain.explain(what, everything=everything)
    if prov:
        typer.echo(_prov_json(graph))
    elif as_json:
        from skydb.services.provenance.documents import as_document

        shell.print_json(as_document(graph))
    else:
        from skydb.report.console import print_tree
        from skydb.report.lineage import lineage_tree

        print_tree(lineage_tree(graph), shell.stdout)


def _prov_json(graph: Lineage) -> str:
    from skydb.services.provenance.w3c import prov_json

    return prov_json(graph)
