"""``skydb sky``: run the sky methods and compare what they found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skydb.cli import compare, headers, inputs, sky_advise, sky_audit, sky_display
from skydb.cli.shell import FAILED, JsonOption, group, key_values, shell_of
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.cli.shell import Shell
    from skydb.domain.vocabulary import Engine, SkyMethod
    from skydb.services.intake import Division
    from skydb.store.queries import Row

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

    Example: skydb sky run --method all --filter F160W
    """
    from skydb.drizzle.settings import require_options

    options = key_values(
        option or (),
        final_bits=final_bits,
        final_rot=final_rot,
        final_scale=final_scale,
        driz_cr=cosmic_rays or None,
    )
    # What is wrong with them is said at once, before a database or a package is looked at.
    require_options(options)
    methods, wanted = methods_named(method), _engine(engine)
    policy = inputs.policy_of(strict=strict, allow=allow)
    selection = chosen.selection(file_version or (), file or ())
    shell = shell_of(context)
    with shell.services(progress=not as_json) as services:
        sky_runs = services.sky(jobs, executor)
        fields = sky_runs.fields(selection, _division(each)) if each else ()
        if explain_inputs:
            told = [row for one in fields or (selection,) for row in sky_runs.explain(one)]
            inputs.show_inputs(shell, told, as_json=as_json)
            return
        rows = sky_runs.run(
            methods, selection, options=options, preset=preset,
            engine=wanted, mosaic=mosaic, force=force, selftest=selftest, fields=fields,
            policy=policy, check_frames=check_frames, per_chip=per_chip,
        )  # fmt: skip
    _show_runs(shell, rows, as_json=as_json)


def _show_runs(shell: Shell, rows: list[Row], *, as_json: bool) -> None:
    shown = rows if as_json else [{**row, "mosaic": near(row["mosaic"])} for row in rows]
    shell.show("Sky runs", shown, columns.SKY_RUNS, as_json=as_json)
    for row in rows:
        for sentence in [*row["findings"], *([row["error"]] if row["error"] else [])]:
            shell.say(f"run {row['run']}: {sentence}")
    if any(row["status"] != "succeeded" for row in rows):
        raise typer.Exit(FAILED)
    shell.flag(when=any(row["downgraded"] or row["findings"] for row in rows))


def near(path: str | None) -> str | None:
    """A path as it can be used from here: relative to the current directory when below it."""
    from pathlib import Path

    here = Path.cwd()
    if path is None or not Path(path).is_relative_to(here):
        return path
    return str(Path(path).relative_to(here))


def _division(text: str) -> Division:
    from skydb.errors import UsageError
    from skydb.services.intake import Division

    try:
        return Division(text)
    except ValueError as error:
        raise UsageError(f"{error}.", advice=f"Fields: {', '.join(Division)}.") from error


def methods_named(text: str) -> list[SkyMethod]:
    """The sky methods of a list of names.

    Raises
    ------
    UsageError
        When one is none that can be asked for.
    """
    from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
    from skydb.errors import UsageError

    if text == "all":
        return list(COMPUTED_METHODS)
    known = ", ".join(COMPUTED_METHODS)
    try:
        methods = [SkyMethod(name.strip()) for name in text.split(",")]
    except ValueError as error:
        raise UsageError(f"{error}.", advice=f"Methods: {known}, all.") from error
    foreign = [method.value for method in methods if not method.is_computed]
    if foreign:
        raise UsageError(
            f"No method computes {', '.join(foreign)}.",
            advice=f"Methods: {known}, all. Skies are given by -o skysub, skyuser or skyfile.",
        )
    return methods


def _engine(text: str | None) -> Engine | None:
    from skydb.domain.vocabulary import Engine
    from skydb.errors import UsageError

    try:
        return None if text is None else Engine(text)
    except ValueError as error:
        known = ", ".join(Engine)
        raise UsageError(f"There is no engine {text!r}.", advice=f"Engines: {known}.") from error
