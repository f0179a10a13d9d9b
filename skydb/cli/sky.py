"""``skydb sky``: run the sky methods and compare what they found."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.cli import compare, headers, inputs, sky_advise, sky_audit, sky_display
from skydb.cli.shell import JsonOption, group, key_values, shell_of
from skydb.report import columns

sky = group("Sky matching: the four skymethods of AstroDrizzle.")


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    sky_advise.attach(sky)
    sky_audit.attach(sky)
    headers.attach_to_sky(sky)
    compare.attach(sky)
    sky_display.attach(sky)
    app.add_typer(sky, name="sky")


@sky.command()
@inputs.selecting
def run(
    context: typer.Context,
    chosen: inputs.Chosen,
    method: Annotated[
        str, typer.Option(help="localmin, match, globalmin+match, globalmin, or all.")
    ] = "all",
    file_version: inputs.VersionOption = None,
    file: inputs.FileOption = None,
    strict: inputs.Strict = False,
    allow: inputs.Allow = None,
    explain_inputs: inputs.ExplainInputs = False,
    check_frames: Annotated[
        bool,
        typer.Option("--check-frames", help="Compare the positions of sources in the overlaps."),
    ] = False,
    preset: Annotated[
        str | None, typer.Option(help="tutorial, hap, or one of the ledger: skydb preset list.")
    ] = None,
    final_bits: Annotated[
        str | None, typer.Option(help="Good DQ flags of the mosaic; else by detector.")
    ] = None,
    final_rot: Annotated[
        float | None,
        typer.Option(help="Position angle of the mosaic's y axis, degrees; else north up."),
    ] = None,
    final_scale: Annotated[float | None, typer.Option(help="Pixel size, arcsec.")] = None,
    cosmic_rays: Annotated[
        bool,
        typer.Option(
            "--reject-cosmic-rays",
            help="Find cosmic rays (driz_separate, median, blot, driz_cr), leave them out.",
        ),
    ] = False,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", help="An AstroDrizzle NAME=VALUE: docs/options.md."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="astrodrizzle (unless --no-mosaic), or skydb: all methods at once."),
    ] = None,
    per_chip: Annotated[
        bool,
        typer.Option("--per-chip", help="A sky for every chip, not exposure; by engine skydb."),
    ] = False,
    mosaic: Annotated[
        bool, typer.Option("--mosaic/--no-mosaic", help="Mosaics, or sky values only.")
    ] = True,
    each: Annotated[
        str | None, typer.Option(help="Every visit, target or proposal as a field of its own.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Runs, or exposures, at the same time.")] = 2,
    executor: Annotated[
        str | None, typer.Option(help="dask://HOST:PORT of a cluster, instead of this machine.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run again what was run before.")] = False,
    selftest: Annotated[
        bool, typer.Option("--selftest/--no-selftest", help="Check a new environment first.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Run sky methods on pristine copies of the newest exposures, and record what ran.

    A run with the same inputs, parameters and software is found, not repeated. Options
    that give skies (-o skysub=False, skyuser, skyfile) make one run without a method. Exit
    code 5 when another method or engine ran than was asked for, or something was flagged.
    Fields of --each start once none is refused; else exit code 1 or 2 with the field and why.

    Example: skydb sky run --method all --filter F160W
    """
    options = key_values(
        option or (),
        final_bits=final_bits,
        final_rot=final_rot,
        final_scale=final_scale,
        driz_cr=cosmic_rays or None,
    )
    words = chosen.run_words(version=file_version, file=file, strict=strict, allow=allow)
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        if explain_inputs:
            inputs.show_inputs(shell, ledger.sky.inputs(each=each, **words), as_json=as_json)
            return
        runs = ledger.sky.run(
            method, options=options, preset=preset, engine=engine, mosaic=mosaic, force=force,
            each=each, jobs=jobs, executor=executor, selftest=selftest, per_chip=per_chip,
            check_frames=check_frames, **words,
        )  # fmt: skip
    for row in runs if not as_json else ():
        row["mosaic"] = near(row["mosaic"])
    shell.present("Sky runs", runs, columns.SKY_RUNS, as_json=as_json)


def near(path: str | None) -> str | None:
    """A path as it can be used from here: relative to the current directory when below it."""
    from pathlib import Path

    here = Path.cwd()
    if path is None or not Path(path).is_relative_to(here):
        return path
    return str(Path(path).relative_to(here))
