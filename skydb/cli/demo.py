"""``skydb demo``: the whole story, on exposures whose truth is known."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydb.cli.field import Detector
from skydb.cli.inputs import Chosen, selecting
from skydb.cli.progress import working
from skydb.cli.references import run_number
from skydb.cli.shell import FAILED, JsonOption, Shell, near, shell_of
from skydb.errors import ArchiveError, ToolError
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.api.ledger import Ledger
    from skydb.simulate.plan import FieldPlan
    from skydb.simulate.truth import FieldTruth


#: What a demo makes in its directory.
_MADE = (
    *("field", "skydb-data", "figures", "report.html"),
    *(f"skydb.sqlite{end}" for end in ("", "-wal", "-shm", "-journal")),
)


def attach(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)
    app.command()(selecting(report))


def report(
    context: typer.Context,
    chosen: Chosen,
    out: Annotated[Path, typer.Argument(help="The page, e.g. report.html.")],
    title: Annotated[str, typer.Option(help="Heading; else the targets.")] = "",
    runs: Annotated[
        list[int] | None,
        typer.Option(
            "--run",
            help="Show this run of sky or alignment, 12 or run:12, not the newest. Repeatable.",
            parser=run_number,
            metavar="RUN",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write one HTML page with the tables and pictures of a ledger, or of a selection.

    The verdict is on what is selected, and says what that is. Exit code 5 when the page lists
    problems: exposures that are not aligned, not shown, flagged or left out, newer archive
    versions, failed or downgraded runs, findings.

    Example: skydb report horsehead.html --target HORSEHEAD --filter F160W
    """
    shell = shell_of(context)
    with shell.ledger(progress=not as_json) as ledger, working(ledger, "Tables and pictures"):
        written = ledger.report(out, title=title, runs=runs or (), **chosen.words())
    if as_json:
        shell.print_json(written.document())
    else:
        shell.stdout.print(f"Report: {near(written.path)}", soft_wrap=True)
        for line in written.remarks:
            shell.say(line)
    shell.flag(when=written.is_flagged)


def demo(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="New directory for everything.")] = Path(
        "demo-output"
    ),
    detector: Detector = "IR",
    tiles: Annotated[str, typer.Option(help="Visits across and up.")] = "3x3",
    size: Annotated[int | None, typer.Option(help="Width of the detector, pixels.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same field.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Simulate, fetch, align, accept, run all four methods, compare, report, verify.

    Everything is measured against the truth that was simulated; exit code 1 when a
    bar is missed. A demo that was not finished is begun anew in the same directory.

    Example: skydb demo demo-output
    """
    from skydb.simulate.calling import plan_of

    shell = shell_of(context)
    began_s = time.monotonic()
    plan = plan_of(detector, tiles, size=size, seed=seed)
    story = Demo(shell, directory, plan, as_json=as_json)
    measured, page = story.tell()
    seconds = time.monotonic() - began_s
    if as_json:
        shell.print_json({"measured": measured, "report": str(page), "seconds": seconds})
    else:
        note = f"{seconds:.0f} s"
        shell.show("Measured against truth", measured, columns.MEASURED, note=note)
        shell.stdout.print(f"Report: {page}", soft_wrap=True)
    if not all(row["passed"] for row in measured):
        raise typer.Exit(FAILED)
    shell.flag(when=story.is_flagged)


@dataclass
class Demo:
    """One field from simulation to report, in a directory of its own."""

    shell: Shell
    directory: Path
    plan: FieldPlan
    as_json: bool = False
    is_flagged: bool = False
    """Whether a sky run of the demo was downgraded or flagged."""

    def tell(self) -> tuple[list[dict[str, Any]], Path]:
        """Do everything; give the figures measured against truth, and the report."""
        from skydb.simulate.unfinished import marked_unfinished

        with marked_unfinished(self.directory, _MADE):
            return self._begin()

    def _begin(self) -> tuple[list[dict[str, Any]], Path]:
        import skydb
        from skydb.cli.progress import progress_on
        from skydb.simulate.archive import LoopbackArchive
        from skydb.simulate.field import simulate_field

        self._say("Simulating exposures and pipeline products")
        field = self.directory / "field"
        truth = simulate_field(field, self.plan, progress=self._say)
        url = f"sqlite:///{(self.directory / 'skydb.sqlite').resolve()}"
        data = self.directory / "skydb-data"
        wanted = not (self.as_json or self.shell.quiet)
        with (
            LoopbackArchive(field) as archive,
            progress_on(self.shell.stderr, wanted=wanted) as listener,
            skydb.lazy_ledger(url, data, archive.url, listener) as ledger,
        ):
            ledger.database.upgrade()
            return self._work(ledger, truth)

    def _work(self, ledger: Ledger, truth: FieldTruth) -> tuple[list[dict[str, Any]], Path]:
        from skydb.cli.measure import measure_against_truth

        self._obtain(ledger)
        self._say("Aligning to the catalogue")
        fits = ledger.align.run(refcat="gaia")
        accepted = ledger.align.accept(fits.run)
        self._say("Running the four sky methods")
        runs = ledger.sky.run(preset="tutorial")
        for run in runs:
            if run.status != "succeeded":
                raise ToolError("AstroDrizzle", f"failed in run {run.run}: {run.error}")
        self.is_flagged = runs.is_flagged
        measured = measure_against_truth(ledger, runs, accepted, truth, self.plan)
        self._say("Writing the report")
        figures = self.directory / "figures"
        fits.write(figures)
        ledger.sky.compare().write(figures)
        page = ledger.report(self.directory / "report.html", measured=measured)
        return measured, Path(page.path)

    def _obtain(self, ledger: Ledger) -> None:
        """Get exposures, products and catalogues over the wire, as from the real services."""
        from skydb.simulate.detectors import detector

        self._say("Fetching from MAST, played by the loopback archive")
        files = ledger.fetch(
            proposal=self.plan.proposal_id,
            products="FLT,FLC,DRZ,DRC",
            project=detector(self.plan.detector).pipeline,
        )
        for file in files:
            if file.path is None:
                raise ArchiveError("MAST", f"{file.uri} did not arrive: {file.reason}")
        self._say("Asking Gaia and the astrometric catalogue service")
        ledger.refcat.gaia(name="gaia")
        ledger.refcat.footprint(name="footprint")

    def _say(self, sentence: str) -> None:
        if not self.as_json:
            self.shell.say(sentence)
