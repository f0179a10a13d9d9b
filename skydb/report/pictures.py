"""Figures, and the page of a field, for the results of :mod:`skydb.api`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skydb.api.composition import Services
    from skydb.api.pictures import Display, Rows
    from skydb.domain.grouping import TimeAxis
    from skydb.domain.vocabulary import SkyMethod
    from skydb.report.sky_display import Wanted
    from skydb.services.comparison import TimePoint
    from skydb.services.skies import Audit
    from skydb.store.scope import Scope


class LedgerPictures:
    """Figures and pages of one ledger; see :class:`skydb.api.pictures.Pictures`."""

    def fit(self, services: Services, run: int, product: str | None) -> Figure:
        """Draw the residuals of one fit of a run, the first when no product is named."""
        from skydb.report.body_figures import draw_body
        from skydb.report.pages import body_pictures, residuals_figure

        fits = services.evidence.fits(run)
        named = [fit for fit in fits if product in (None, fit.product)]
        bodies = body_pictures(services, run, fits) if product is None else []
        if bodies:
            return draw_body(bodies[0])
        if not named:
            known = ", ".join(sorted(fit.product for fit in fits)) or "none"
            raise NotFoundError(
                f"No fit of {product or 'any product'} in run {run} has anything to show.",
                advice=f"Products with a fit: {known}.",
            )
        return residuals_figure(named[0])

    def write_fits(self, services: Services, run: int, out: Path) -> list[dict[str, Any]]:
        """Write all pictures of an alignment run."""
        from skydb.report.pages import alignment_pictures

        return alignment_pictures(services, run, out)

    def comparison(self, rows: Rows) -> Figure:
        """Draw MDRIZSKY of every chip by method."""
        from skydb.report.sky_figures import draw_sky_comparison, sky_comparison

        return draw_sky_comparison(sky_comparison(rows))

    def write_comparison(
        self, services: Services, rows: Rows, runs: Sequence[int], out: Path
    ) -> list[Path]:
        """Write the plot of all methods, the mosaics and the blink GIF."""
        from skydb.report.pages import comparison_pictures

        return comparison_pictures(services, [dict(row) for row in rows], runs, out)

    def timeline(
        self, points: Sequence[TimePoint], label: str, quantity: str, against: TimeAxis | None
    ) -> Figure:
        """Draw ``sky`` or ``alignment`` against time."""
        from skydb.report.timeline_figures import alignment_timeline, draw_timeline, sky_timeline

        arranged = {"sky": sky_timeline, "alignment": alignment_timeline}
        if quantity not in arranged:
            raise UsageError(f"Unknown quantity {quantity!r}.", advice="Use sky or alignment.")
        title = f"{quantity.capitalize()} over time: {label}"
        return draw_timeline(arranged[quantity](points, against), title=title)

    def write_timeline(
        self, points: Sequence[TimePoint], label: str, out: Path, against: TimeAxis | None
    ) -> list[Path]:
        """Write the plots of skies and of alignments."""
        from skydb.report.timeline_figures import timeline_pictures

        return timeline_pictures(points, label, out, against)

    def audit(self, audit: Audit) -> Figure:
        """Draw what a run left in the overlaps."""
        from skydb.report.audit_figures import audit_picture, draw_audit

        return draw_audit(audit_picture(audit))

    def write_audit(self, audit: Audit, out: Path) -> Path:
        """Write the picture of an audit into a directory."""
        from skydb.report.audit_figures import write_audit_picture

        return write_audit_picture(audit, out)

    def mosaics(
        self,
        services: Services,
        runs: Sequence[int],
        methods: Sequence[SkyMethod] | None,
        display: Display,
    ) -> Figure:
        """Draw the mosaics of runs with one stretch."""
        from skydb.report.pages import sky_figure

        return sky_figure(services, runs, methods, _wanted(display))

    def write_mosaics(
        self,
        services: Services,
        runs: Sequence[int],
        methods: Sequence[SkyMethod] | None,
        display: Display,
        out: Path,
    ) -> dict[str, Any]:
        """Write that figure."""
        from skydb.report.pages import sky_picture

        return sky_picture(services, runs, methods, _wanted(display), out)

    def catalog(self, services: Services, name: str, epoch: float | None) -> Figure:
        """Draw the sources of a reference catalogue."""
        from skydb.report.catalog_figures import draw_catalog
        from skydb.report.pages import catalog_shown

        return draw_catalog(catalog_shown(services, name, epoch))

    def write_catalog(self, services: Services, name: str, epoch: float | None, out: Path) -> Path:
        """Write that figure."""
        from skydb.report.pages import catalog_picture

        return catalog_picture(services, name, out, epoch)

    def footprints(
        self, services: Services, scope: Scope, refcat: str | None, epoch: float | None
    ) -> Figure:
        """Draw the footprints of a selection, with the sources of a catalogue."""
        from skydb.report.footprint_figures import draw_footprints
        from skydb.report.pages import footprints_shown

        return draw_footprints(footprints_shown(services, scope, refcat, epoch))

    def write_footprints(
        self, services: Services, scope: Scope, refcat: str | None, epoch: float | None, out: Path
    ) -> Path:
        """Write that figure."""
        from skydb.report.pages import footprint_picture

        return footprint_picture(services, out, scope, refcat, epoch)

    def write_report(
        self,
        services: Services,
        out: Path,
        title: str,
        scope: Scope,
        runs: Sequence[int],
        measured: Rows,
    ) -> tuple[dict[str, Any], list[str]]:
        """Write the page of a field, and sum up its verdict."""
        from skydb.report.field_page import write_field_report

        written = write_field_report(
            services, out, title=title, measured=measured, scope=scope, runs=runs
        )
        verdict = written.verdict
        known = {
            "path": str(written.path.absolute()),
            "verdict": verdict.word,
            "covers": verdict.covers,
            "problems": [asdict(one) for one in verdict.problems],
        }
        lines = [
            f"{what}: {len(problems)}" if problems[0].subject else f"{what}."
            for what, problems in verdict.by_kind.items()
        ]
        return known, [*verdict.covers, *lines]


def _wanted(display: Display) -> Wanted:
    from skydb.report.images import Stretch
    from skydb.report.sky_display import Wanted
    from skydb.report.windows import Window

    window = None if display.crop_deg is None else Window(*display.crop_deg)
    stretch = Stretch(display.stretch)
    return Wanted(display.vmin, display.vmax, stretch, window, display.keep_level)
