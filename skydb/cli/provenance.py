"""``skydb explain`` and ``skydb replay``: where a number comes from, and whether it comes again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.progress import working
from skydb.cli.references import run_number
from skydb.cli.shell import JsonOption, Shell, shell_of

if TYPE_CHECKING:
    from skydb.api.answers import Replay


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(explain)
    app.command()(replay)


def explain(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            help="An exposure, a sky value ROOTNAME[CHIP]@RUN, a file FILE@VERSION or "
            "ROOTNAME@VERSION, run:6, mosaic:6, solution:31 or catalog:NAME."
        ),
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="All inputs of all activities, not only those behind it.")
    ] = False,
    depth: Annotated[
        int | None,
        typer.Option(min=0, help="Only what is so many relations away; the rest is counted."),
    ] = None,
    prov: Annotated[
        bool, typer.Option("--prov", help="W3C PROV-JSON on stdout, and nothing else there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show where one thing comes from: what made it, from what, with which software, by whom.

    Of an exposure it shows its deliveries, its WCS solutions and its skies with their runs.
    The lineage goes back to the archive or to the file as it was given, and shows every
    finding, flag and downgrade on the way. --json names relations as W3C PROV does.

    Example: skydb explain "ibxl50clq[1]@6"
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        lineage = ledger.explain(what, everything=everything, depth=depth)
    if prov:
        typer.echo(lineage.prov_json())
    elif as_json:
        shell.print_json(lineage.document())
    else:
        from skydb.report.console import print_tree
        from skydb.report.lineage import lineage_tree

        print_tree(lineage_tree(lineage.graph), shell.stdout, wide=shell.wide)


def replay(
    context: typer.Context,
    run: Annotated[
        int,
        typer.Argument(
            help="Sky run or alignment run, 6 or run:6.", parser=run_number, metavar="RUN"
        ),
    ],
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="What numbers may differ by: in the unit of the sky, or in pixels for fits; a "
            "reasoned default when left out."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Exposures at the same time.")] = 2,
    selftest: Annotated[
        bool, typer.Option("--selftest/--no-selftest", help="Check a new environment first.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Make a run again, from the same inputs with the same parameters, and compare.

    The verdict is identical (every value bit for bit, and every pixel of the mosaics),
    within-tolerance, different, or incomplete: nothing differs, but a mosaic is not there to
    be compared with. Inputs that are gone or changed are named and nothing runs. Exit code 5
    when the repetition is different or incomplete.

    Example: skydb replay 6
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        record = ledger.replay(run, tolerance, jobs=jobs, selftest=selftest)
    if as_json:
        shell.print_json(record.document())
    else:
        _show_replay(shell, record.found)
    shell.flag(when=record.is_flagged)


def prov(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="File to write, e.g. provenance.json.")],
    what: Annotated[
        list[str] | None,
        typer.Argument(help="Things as of `skydb explain`; the whole ledger when left out."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write lineages as W3C PROV-JSON, with the names of the IVOA Provenance Data Model.

    Example: skydb export prov provenance.json "ibxl50clq[1]@6" mosaic:6
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Writing lineages"):
        done = ledger.export.prov(out, *(what or ()))
    if as_json:
        shell.print_json(done.document())
    else:
        shell.say(f"{out}: {done.nodes} nodes, {done.relations} relations")


def _show_replay(shell: Shell, found: Replay) -> None:
    from skydb.report.lineage import DIFFERENCES, REPLAY

    row = {key: str(value)[:12] for key, value in _hashes(found).items()}
    shell.show(found.sentence, [row], REPLAY)
    if found.differences:
        note = f"Tolerance {found.tolerance:.3g} {found.unit}: {found.tolerance_reason}."
        shell.show("Differences", found.differences, DIFFERENCES, note=note)
    for remark in found.remarks:
        shell.say(remark)


def _hashes(found: Replay) -> dict[str, str | None]:
    return {
        "verdict": found.verdict.value,
        "recipe_hash": found.recipe_hash,
        "replay_recipe_hash": found.replay_recipe_hash,
        "environment_fingerprint": found.environment_fingerprint,
        "replay_environment_fingerprint": found.replay_environment_fingerprint,
    }
