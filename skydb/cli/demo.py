"""``skydb demo``: the whole story, on exposures whose truth is known."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydb.cli.inputs import Chosen, selecting
from skydb.cli.references import run_number
from skydb.cli.shell import FAILED, JsonOption, Shell, shell_of
from skydb.errors import ArchiveError, ToolError, UsageError
from skydb.report import columns

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.simulate.plan import FieldPlan
    from skydb.simulate.truth import FieldTruth


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
    from skydb.report.field_page import write_field_report

    shell = shell_of(context)
    with shell.services() as services:
        written = write_field_report(
            services, out, title=title, scope=chosen.scope(), runs=runs or ()
        )
    verdict = written.verdict
    if as_json:
        document = {"path": str(written.path), "verdict": verdict.word, "covers": verdict.covers,
                    "problems": [asdict(one) for one in verdict.problems]}  # fmt: skip
        shell.print_json(document)
    else:
        shell.stdout.print(f"Report: {written.path}", soft_wrap=True)
        for line in verdict.covers:
            shell.say(line)
        for what, problems in verdict.by_kind.items():
            shell.say(f"{what}: {len(problems)}" if problems[0].subject else f"{what}.")
    shell.flag(when=not verdict.passed)


def demo(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="New directory for everything.")] = Path(
        "demo-output"
    ),
    detector: Annotated[str, typer.Option(help="IR, UVIS or WFC.")] = "IR",
    tiles: Annotated[str, typer.Option(help="Visits across and up.")] = "3x3",
    size: Annotated[int | None, typer.Option(help="Width of the detector, pixels.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same field.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Simulate, fetch, align, accept, run all four methods, compare, report, verify.

    Everything is measured against the truth that was simulated; exit code 1 when a
    bar is missed.

    Example: skydb demo demo-output
    """
    from skydb.cli.field import plan_of

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


@dataclass(frozen=True)
class Demo:
    """One field from simulation to report, in a directory of its own."""

    shell: Shell
    directory: Path
    plan: FieldPlan
    as_json: bool = False

    def tell(self) -> tuple[list[dict[str, Any]], Path]:
        """Do everything; the figures measured against truth, and the report."""
        from skydb.store import schema

        self._require_new()
        self._say("Simulating exposures and pipeline products")
        truth = self._truth
        schema.upgrade(self._ledger.db)
        with self._ledger.services(progress=not self.as_json) as services:
            self._work(services)
            measured = self._measure(services, truth)
            self._say("Writing the report")
            return measured, self._report(services, measured)

    @property
    def is_flagged(self) -> bool:
        """Whether any sky run of the demo was downgraded or flagged."""
        with self._ledger.services() as services:
            runs = services.questions.current_sky_runs()
        return any(run["downgraded"] or run["findings"] for run in runs)

    @cached_property
    def _ledger(self) -> Shell:
        url = f"sqlite:///{(self.directory / 'skydb.sqlite').resolve()}"
        return Shell(url, str(self.directory / "skydb-data"), quiet=self.shell.quiet)

    @cached_property
    def _truth(self) -> FieldTruth:
        from skydb.simulate.field import simulate_field

        return simulate_field(self.directory / "field", self.plan, progress=self._say)

    def _require_new(self) -> None:
        if self.directory.exists() and any(self.directory.iterdir()):
            raise UsageError(
                f"{self.directory} is not empty.", advice="Give a new directory, or remove it."
            )

    def _work(self, services: Services) -> None:
        from skydb.domain.vocabulary import COMPUTED_METHODS
        from skydb.simulate.archive import LoopbackArchive

        with LoopbackArchive(self.directory / "field") as archive:
            self._obtain(services, archive.url)
        self._say("Aligning to the catalogue")
        run = services.align.run("gaia")
        services.accept.accept(run)
        self._say("Running the four sky methods")
        self._require_done(services.sky().run(COMPUTED_METHODS, preset="tutorial"))

    def _obtain(self, services: Services, url: str) -> None:
        """Get exposures, products and catalogues over the wire, as from the real services."""
        from skydb.archive.endpoints import Endpoints
        from skydb.archive.mast import MastQuery
        from skydb.services.catalogs import CatalogQueryService
        from skydb.services.intake import FetchService
        from skydb.simulate.detectors import detector

        loopback = Endpoints(url, url, url)
        self._say("Fetching from MAST, played by the loopback archive")
        query = MastQuery(
            proposal_id=self.plan.proposal_id,
            products=("FLT", "FLC", "DRZ", "DRC"),
            project=detector(self.plan.detector).pipeline,
        )
        for file in FetchService(services.context, loopback).fetch(query):
            if file.path is None:
                raise ArchiveError("MAST", f"{file.uri} did not arrive: {file.reason}")
        self._say("Asking Gaia and the astrometric catalogue service")
        catalogs = CatalogQueryService(services.context, loopback)
        catalogs.gaia(name="gaia")
        catalogs.footprint(name="footprint")

    def _require_done(self, runs: list[dict[str, Any]]) -> None:

        for run in runs:
            if run["status"] != "succeeded":
                raise ToolError("AstroDrizzle", f"failed in run {run['run']}: {run['error']}")

    def _measure(self, services: Services, truth: FieldTruth) -> list[dict[str, Any]]:
        from skydb.cli.measure import measure_against_truth

        return measure_against_truth(services, truth, self.plan)

    def _report(self, services: Services, measured: list[dict[str, Any]]) -> Path:
        from skydb.report.field_page import write_field_report
        from skydb.report.pages import alignment_pictures, comparison_pictures

        figures = self.directory / "figures"
        run = services.questions.latest_alignment()
        if run is not None:
            alignment_pictures(services, run, figures)
        comparison_pictures(services, services.questions.comparison(), (), figures)
        page = self.directory / "report.html"
        return write_field_report(services, page, measured=measured).path

    def _say(self, sentence: str) -> None:
        if not self.as_json:
            self.shell.say(sentence)
