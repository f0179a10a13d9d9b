"""``skydb simulate``: exposures whose truth is known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli.completing import simulated
from skydb.cli.shell import JsonOption, shell_of
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.simulate.truth import ExposureTruth

_OF_A_NEW_FIELD = (
    *("detector", "tiles", "dithers", "size", "seed", "islands", "cosmic_rays", "exptime_s"),
    *("filter_", "target", "proposal", "program", "kind"),
)
_OF_A_REDELIVERY = ("only", "out", "shift_mas")


Detector = Annotated[
    str, typer.Option(help="IR, UVIS or WFC.", autocompletion=simulated("detector"))
]
Tiles = Annotated[str, typer.Option(help="Visits across and up, e.g. 3x3.")]
Dithers = Annotated[int, typer.Option(help="Exposures of each visit.")]
Size = Annotated[
    int | None, typer.Option(help="Width of the detector, pixels; full size when left out.")
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same field.")]
Filter = Annotated[
    str | None, typer.Option("--filter", help="Filter; F160W or F606W when left out.")
]
Target = Annotated[str | None, typer.Option(help="TARGNAME.")]
Proposal = Annotated[int | None, typer.Option(help="PROPOSID.")]
Program = Annotated[
    str | None,
    typer.Option(
        help="Program in the rootnames, three letters or digits; bxl when left out. Fields of "
        "several proposals in one ledger need one each."
    ),
]
Islands = Annotated[int, typer.Option(help="Groups of tiles that share no sky.")]
CosmicRays = Annotated[
    bool,
    typer.Option(
        "--cosmic-rays",
        help="Cosmic rays as in orbit, and stars that saturate and bleed on CCDs; the hits "
        "of every exposure go to DIRECTORY/truth.",
    ),
]
Exptime = Annotated[
    float | None,
    typer.Option(
        "--exptime",
        help="Seconds of an exposure; 699 (IR), 60 (UVIS, WFC) or 500 (with cosmic rays) "
        "when left out.",
    ),
]
Kind = Annotated[
    str | None,
    typer.Option(
        help="blank, sparse, nebula, galaxy, crowded, matched (equal skies) or gradient (in "
        "the sky of each visit); stars and nebula if left out.",
        autocompletion=simulated("field"),
    ),
]
RedeliverOption = Annotated[
    bool,
    typer.Option(
        "--redeliver",
        help="Deliver the field that DIRECTORY holds again: newer IDCTAB and software, "
        "recalibrated pixels, another WCS. The field itself does not change.",
    ),
]
Only = Annotated[
    str | None,
    typer.Option(
        metavar="ROOTNAME,...",
        help="With --redeliver: these exposures. A visit gets a new product "
        "if all its exposures are among them.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="With --redeliver: where to write; DIRECTORY/redelivered if left out."),
]
ShiftMas = Annotated[
    float, typer.Option(help="With --redeliver: how far north the WCS moves, mas.")
]
OverwriteOption = Annotated[
    bool,
    typer.Option(
        "--overwrite", help="Write over a field that is there, or other files of these names."
    ),
]


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(simulate)


def simulate(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="Where to write.")],
    detector: Detector = "IR",
    tiles: Tiles = "3x3",
    dithers: Dithers = 2,
    size: Size = None,
    seed: Seed = 1,
    filter_: Filter = None,
    target: Target = None,
    proposal: Proposal = None,
    program: Program = None,
    islands: Islands = 1,
    cosmic_rays: CosmicRays = False,
    exptime_s: Exptime = None,
    kind: Kind = None,
    redeliver: RedeliverOption = False,
    only: Only = None,
    out: Out = None,
    shift_mas: ShiftMas = 40.0,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make HST exposures and pipeline products with known skies and pointing errors.

    The truth goes to truth.json beside them.

    Example: skydb simulate field/ --detector UVIS --tiles 2x2 --size 512
    """
    shell = shell_of(context)
    say = None if as_json else shell.say
    _refuse_together(context, redeliver=redeliver)
    if redeliver:
        from skydb.simulate.calling import redeliver as redeliver_field

        wanted = tuple(filter(None, (only or "").replace(" ", "").split(",")))
        truth = redeliver_field(
            directory, only=wanted, out=out, shift_mas=shift_mas, overwrite=overwrite, progress=say
        )
        title = "Redelivered exposures"
    else:
        from skydb.simulate.calling import simulate as simulate_field

        truth = simulate_field(
            directory, detector=detector, tiles=tiles, dithers=dithers, size=size, seed=seed,
            filter=filter_, target=target, proposal=proposal, program=program,
            islands=islands, cosmic_rays=cosmic_rays, exptime_s=exptime_s, kind=kind,
            overwrite=overwrite, progress=say,
        )  # fmt: skip
        title = "Simulated exposures"
    there = (out or directory / "redelivered") if redeliver else directory
    rows = truth.exposures if as_json else [_as_found(there, one) for one in truth.exposures]
    shell.show(title, rows, columns.TRUTH, as_json=as_json)


def _as_found(directory: Path, exposure: ExposureTruth) -> dict[str, object]:
    """An exposure with its visit as commands name it, and its path from here on."""
    visit, path = exposure.rootname[1:4] + exposure.visit, str(directory / exposure.path)
    return {**asdict(exposure), "visit": visit, "path": path}


def _refuse_together(context: typer.Context, *, redeliver: bool) -> None:
    """Refuse options that the command would ignore."""
    from skydb.errors import UsageError

    ignored = _OF_A_NEW_FIELD if redeliver else _OF_A_REDELIVERY
    for name in ignored:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.strip('_').replace('_', '-')}"
            words = "cannot be used with" if redeliver else "needs"
            raise UsageError(f"{option} {words} --redeliver.")
