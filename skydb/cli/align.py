"""``skydb align``: fit, review, accept or reject, and the history of every WCS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydb.cli import inputs, runoptions
from skydb.cli.progress import working
from skydb.cli.references import AlignmentRunArgument
from skydb.cli.shell import JsonOption, group, key_values, shell_of
from skydb.report import columns, columns_runs

if TYPE_CHECKING:
    from skydb.api.alignment import Fits
    from skydb.cli.shell import Shell

align = group("Alignment to a reference catalogue.")


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(align, name="align")


@align.command()
@inputs.selecting
def run(
    context: typer.Context,
    chosen: inputs.Chosen,
    refcat: runoptions.Refcats = None,
    products: runoptions.Products = None,
    what: runoptions.What = None,
    group_by: runoptions.GroupBy = None,
    relative: runoptions.Relative = False,
    strict: inputs.Strict = False,
    allow: inputs.Allow = None,
    explain_inputs: inputs.ExplainInputs = False,
    threshold: runoptions.Threshold = None,
    conv_width: runoptions.ConvWidth = None,
    minobj: runoptions.Minobj = None,
    searchrad: runoptions.Searchrad = None,
    tolerance: runoptions.Tolerance = None,
    fitgeometry: runoptions.Fitgeometry = None,
    nclip: runoptions.Nclip = None,
    expand_refcat: runoptions.ExpandRefcat = False,
    option: runoptions.TweakRegOption = None,
    preset: runoptions.RefusedPreset = None,
    as_json: JsonOption = False,
) -> None:
    """Fit drizzled products, single exposures or groups of them to a catalogue.

    Nothing is written to any file. With --what exposures each FLT or FLC is fitted by itself, by
    stars that skydb finds among its cosmic rays. With --what group all exposures of a visit,
    target or orbit are fitted as one rigid body; --relative aligns visits to each other.
    Options that select exposures select the products that are made of them. Exit code 5
    when a fit failed or is not trusted, or something was flagged; 1 when all failed.

    Example: skydb align run --refcat gaia --visit bxl50
    """
    options = key_values(
        option or (), threshold=threshold, conv_width=conv_width, minobj=minobj,
        searchrad=searchrad, tolerance=tolerance, fitgeometry=fitgeometry, nclip=nclip,
        expand_refcat=expand_refcat or None,
    )  # fmt: skip
    words = chosen.run_words(strict=strict, allow=allow)
    how: dict[str, Any] = {
        **{"refcat": refcat, "what": what, "group_by": group_by, "relative": relative},
        **{"options": options, **words},
    }
    shell, named = shell_of(context), tuple(products or ())
    with shell.ledger(progress=not as_json) as ledger:
        if preset is not None:
            ledger.preset.require_for(preset, "TweakReg")
        if explain_inputs:
            inputs.show_inputs(shell, ledger.align.inputs(*named, **how), as_json=as_json)
            return
        fits = ledger.align.run(*named, **how)
    _print_fits(shell, fits, as_json=as_json)
    weak = fits.is_flagged and not fits.remarks
    if weak and not fits.has_failed:
        shell.say("Some fits failed or are not trusted; see the table.")
    shell.finish(fits)


@align.command()
def show(context: typer.Context, run: AlignmentRunArgument, as_json: JsonOption = False) -> None:
    """Show the fits of a run, why each is trusted, and the solutions that the archive gave.

    Parameters of the run that differ from the defaults are listed below the fits.

    Example: skydb align show 4
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        fits = ledger.align.show(run)
    named = {one["name"]: one["value"] for one in fits.parameters}
    for row in fits:
        row["parameters"] = named
    _print_fits(shell, fits, as_json=as_json)
    if named and not as_json:
        heading, shown = columns_runs.PARTS["parameters"]
        shell.show(heading, fits.parameters, shown)


@align.command()
def plot(
    context: typer.Context,
    run: AlignmentRunArgument,
    out: Annotated[Path, typer.Option(help="Directory for the pictures.")],
    as_json: JsonOption = False,
) -> None:
    """Draw the residuals of the fits, and the matched sources over the images.

    Of exposures each has its own pixels, of a group there is one picture of its residuals on
    the sky by exposure and of how its exposures agree. More than 150 arrows are means in bins.

    Example: skydb align plot 4 --out figures/
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Drawing fits"):
        pictures = ledger.align.plot(run, out)
    shell.present("Pictures", pictures, columns.PICTURES, as_json=as_json)


@align.command()
def accept(
    context: typer.Context,
    run: AlignmentRunArgument,
    force: Annotated[
        bool, typer.Option("--force", help="Accept fits that are not trusted, too.")
    ] = False,
    why: Annotated[str, typer.Option(help="Reason to force, kept with your name.")] = "",
    write_headers: Annotated[
        bool, typer.Option("--write-headers", help="Also into your own exposures and products.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply exactly the fits of a run to new versions, and measure the shifts.

    A fit that is not trusted (docs/trust.md) is left as it is: exit code 5, or 1 when
    that leaves none. With --force --why it is accepted, and both are recorded. Your own
    files stay as they are unless --write-headers is given, all of them or none, and what
    was interrupted is completed by repeating it; `skydb restore-headers` takes that back.

    Example: skydb align accept 4
    """
    reason = _reason(force=force, why=why)
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger:
        accepted = ledger.align.accept(run, force_why=reason, write_headers=write_headers)
    shell.present("Accepted", accepted, columns.ACCEPTED, as_json=as_json)


def _reason(*, force: bool, why: str) -> str | None:
    from skydb.errors import UsageError

    if force != bool(why.strip()):
        raise UsageError("--force and --why TEXT go together.", advice="Give both, or none.")
    return why.strip() or None


@align.command()
def reject(
    context: typer.Context,
    run: AlignmentRunArgument,
    why: Annotated[str, typer.Option(help="Reason, kept with the fits.")],
    as_json: JsonOption = False,
) -> None:
    """Refuse the fits of a run.

    Example: skydb align reject 4 --why "matched on a diffraction spike"
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        done = ledger.align.reject(run, why)
    if as_json:
        shell.print_json(done.document())
    else:
        shell.stdout.print(f"Rejected {done.rejected} fits of run {run}.")


@align.command()
@inputs.selecting
def history(
    context: typer.Context,
    chosen: inputs.Chosen,
    name: Annotated[str | None, typer.Argument(help="Rootname, file, product:12 or visit.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show every WCS that an exposure, a product or all files of a selection ever had.

    Example: skydb align history ibxl50clq
    """
    shell = shell_of(context)
    with shell.ledger() as ledger:
        found = ledger.align.history(name, **chosen.words())
    shell.present(f"Solutions of {found.about}", found, columns.HISTORY, as_json=as_json)


def _print_fits(shell: Shell, fits: Fits, *, as_json: bool) -> None:
    rows = columns.with_reasons(fits)
    shell.show(f"Alignment run {fits.run}", rows, columns.FITS, as_json=as_json)
    if as_json:
        return
    shell.show("Beside the archive's solutions", rows, columns.FITS_BESIDE)
    groups = [row for row in rows if row["group"] is not None]
    if groups:
        shell.show("Agreement within groups", groups, columns.FITS_OF_GROUPS)
