"""``skydb sky``: run the sky methods and compare what they found."""

from __future__ import annotations

import typer

from skydb.cli import compare, headers, inputs, runoptions, sky_advise, sky_audit, sky_display
from skydb.cli.shell import JsonOption, group, key_values, near, shell_of
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
    method: runoptions.Methods = "all",
    file_version: inputs.VersionOption = None,
    file: inputs.FileOption = None,
    strict: inputs.Strict = False,
    allow: inputs.Allow = None,
    explain_inputs: inputs.ExplainInputs = False,
    check_frames: runoptions.CheckFrames = False,
    preset: runoptions.Preset = None,
    final_bits: runoptions.FinalBits = None,
    final_rot: runoptions.FinalRot = None,
    final_scale: runoptions.FinalScale = None,
    cosmic_rays: runoptions.CosmicRays = False,
    option: runoptions.AstroDrizzleOption = None,
    engine: runoptions.Engine = None,
    per_chip: runoptions.PerChip = False,
    mosaic: runoptions.MosaicOption = True,
    each: runoptions.Each = None,
    jobs: runoptions.Jobs = 2,
    executor: runoptions.ExecutorOption = None,
    force: runoptions.Force = False,
    selftest: runoptions.Selftest = True,
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
    shown = columns.SKY_RUNS_OF_FIELDS if each else columns.SKY_RUNS
    shell.present("Sky runs", runs, shown, as_json=as_json)
