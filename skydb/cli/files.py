"""``skydb ingest``, ``skydb inspect``, ``skydb findings``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.inputs import Chosen, selecting
from skydb.cli.shell import FAILED, JsonOption, group, shell_of
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.domain.vocabulary import ProductKind

inspect = group("What the files say: the tutorial's tables 1.1 and 1.2.")


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(ingest)
    app.add_typer(inspect, name="inspect")
    app.command()(findings)


def ingest(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, or directories to search.")],
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Files read at the same time.", show_default="one a processor"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Record exposures, products, their versions and the archive's WCS solutions.

    Files are read where they are and never changed. One that cannot be used is
    reported and left out (exit code 5; 1 when none could be used, 4 when no file is there).
    Large batches are read by several processes; one writes.

    Example: skydb ingest mastDownload/
    """
    from skydb.domain.vocabulary import IngestStatus
    from skydb.errors import NotFoundError
    from skydb.files.names import shown_path

    shell = shell_of(context)
    with shell.services(progress=not as_json) as services:
        outcomes = services.ingest.ingest(paths, jobs=jobs)
    rejected = sum(outcome.status is IngestStatus.REJECTED for outcome in outcomes)
    note = f"{len(outcomes)} files, {rejected} rejected"
    shell.show("Ingest", outcomes, columns.INGEST, as_json=as_json, note=note)
    if not outcomes:
        named = ", ".join(map(shown_path, paths))
        raise NotFoundError(
            f"There is no FITS file below {named}.",
            advice="Files are known by .fits, .fit and .fits.gz at the end of their names.",
        )
    if rejected == len(outcomes):
        raise typer.Exit(FAILED)
    shell.flag(when=rejected > 0 or any(outcome.is_flawed for outcome in outcomes))


@inspect.command()
@selecting
def headers(context: typer.Context, chosen: Chosen, as_json: JsonOption = False) -> None:
    """Show the exposures: association, detector, filter, exposure time, and where they point.

    Example: skydb inspect headers
    """
    shell = shell_of(context)
    with shell.services() as services:
        rows = services.questions.headers(chosen.scope())
    shell.show("Exposures", rows, columns.HEADERS, as_json=as_json)
    if not as_json:
        shell.show("Pointings", rows, columns.POINTINGS)


@inspect.command()
@selecting
def wcs(
    context: typer.Context,
    chosen: Chosen,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only products of this kind, e.g. drz.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the WCS in force of every product, with its RMS in mas and in pixels.

    Example: skydb inspect wcs --kind drz
    """
    shell, kinds = shell_of(context), kinds_named(kind)
    with shell.services() as services:
        rows = services.questions.wcs(kinds, chosen.scope())
    shell.show("WCS in force", rows, columns.WCS, as_json=as_json)


def kinds_named(names: Sequence[str] | None) -> list[ProductKind]:
    """Kinds of products by name.

    Raises
    ------
    UsageError
        When there is none of a name.
    """
    from skydb.domain.vocabulary import ProductKind
    from skydb.errors import UsageError

    try:
        return [ProductKind(name.lower()) for name in names or ()]
    except ValueError as error:
        known = ", ".join(one.value for one in ProductKind)
        raise UsageError(f"{error}.", advice=f"Kinds: {known}.") from error


def findings(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show what would have passed silently: downgrades, rejections, weak fits, islands.

    Example: skydb findings --json
    """
    shell = shell_of(context)
    with shell.services() as services:
        rows = services.questions.findings()
    shell.show("Findings", rows, columns.FINDINGS, as_json=as_json, note=f"{len(rows)} findings")
