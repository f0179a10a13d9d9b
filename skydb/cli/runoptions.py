"""Options of commands that run a tool of drizzlepac, in the order of their help."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli.completing import words

# Of alignments
Refcats = Annotated[
    list[str] | None,
    typer.Option(
        help="Name of a reference catalogue. Repeatable: the first that gives a trusted fit.",
        show_default=False,
    ),
]
Products = Annotated[
    list[str] | None,
    typer.Argument(
        help="Drizzled products: ibxl50030_drz.fits, '*_drz.fits', product:12 or a visit; "
        "with --what exposures ibxl50clq, '*_flc.fits' ...; all when left out."
    ),
]
What = Annotated[
    str | None,
    typer.Option(
        help="Fit drizzled, exposures or group.",
        show_default="drizzled",
        autocompletion=words("what to fit"),
    ),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        help="Groups: by visit, target or orbit.",
        show_default="visit",
        autocompletion=words("group"),
    ),
]
Relative = Annotated[
    bool, typer.Option("--relative", help="Align visits to each other, without a catalogue.")
]
Threshold = Annotated[float | None, typer.Option(help="Detection limit, sigma.", show_default="5")]
ConvWidth = Annotated[float | None, typer.Option(help="Kernel width, pixels; else by detector.")]
Minobj = Annotated[int | None, typer.Option(help="Fewest matches for a fit.", show_default="5")]
Searchrad = Annotated[float | None, typer.Option(help="Search radius, arcsec.", show_default="1")]
Tolerance = Annotated[float | None, typer.Option(help="Matching radius, pixels.", show_default="2")]
Fitgeometry = Annotated[
    str | None,
    typer.Option(
        help="shift, rshift, rscale or general.",
        show_default="by matches",
        autocompletion=words("geometry"),
    ),
]
Nclip = Annotated[int | None, typer.Option(help="Rounds of clipping.", show_default="3")]
ExpandRefcat = Annotated[
    bool, typer.Option("--expand-refcat", help="Grow the catalogue product by product.")
]
TweakRegOption = Annotated[
    list[str] | None,
    typer.Option("--option", "-o", help="A TweakReg NAME=VALUE: docs/options.md."),
]
RefusedPreset = Annotated[
    str | None, typer.Option(help="Refused: presets are of AstroDrizzle.", hidden=True)
]

# Of sky runs and products
Methods = Annotated[
    str,
    typer.Option(
        help="localmin, match, globalmin+match, globalmin, or all; several with commas.",
        autocompletion=words("sky method", listed=True),
    ),
]
CheckFrames = Annotated[
    bool, typer.Option("--check-frames", help="Compare the positions of sources in the overlaps.")
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="tutorial, hap, or one of the ledger: skydb preset list.",
        autocompletion=words("preset"),
    ),
]
FinalBits = Annotated[
    str | None, typer.Option(help="Good DQ flags of the mosaic; else by detector.")
]
FinalRot = Annotated[
    float | None,
    typer.Option(help="Position angle of the mosaic's y axis, degrees; else north up."),
]
FinalScale = Annotated[float | None, typer.Option(help="Pixel size, arcsec.")]
CosmicRays = Annotated[
    bool,
    typer.Option(
        "--reject-cosmic-rays",
        help="Find cosmic rays (driz_separate, median, blot, driz_cr), leave them out.",
    ),
]
AstroDrizzleOption = Annotated[
    list[str] | None,
    typer.Option("--option", "-o", help="An AstroDrizzle NAME=VALUE: docs/options.md."),
]
Engine = Annotated[
    str | None,
    typer.Option(
        help="astrodrizzle (unless --no-mosaic), or skydb: all methods at once.",
        autocompletion=words("engine"),
    ),
]
PerChip = Annotated[
    bool, typer.Option("--per-chip", help="A sky for every chip, not exposure; by engine skydb.")
]
MosaicOption = Annotated[
    bool, typer.Option("--mosaic/--no-mosaic", help="Mosaics, or sky values only.")
]
Each = Annotated[
    str | None,
    typer.Option(
        help="Every visit, target or proposal as a field of its own.",
        autocompletion=words("field"),
    ),
]
Jobs = Annotated[int, typer.Option(help="Runs, or exposures, at the same time.")]
ExecutorOption = Annotated[
    str | None, typer.Option(help="dask://HOST:PORT of a cluster, instead of this machine.")
]
Force = Annotated[bool, typer.Option("--force", help="Run again what was run before.")]
Selftest = Annotated[
    bool, typer.Option("--selftest/--no-selftest", help="Check a new environment first.")
]
