"""Pictures and pages of what is in a ledger: asks the services, draws, writes files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skydb.errors import NotFoundError, UsageError
from skydb.report.alignment_figures import (
    MarkedImage,
    SourceMarks,
    draw_sources,
    paired_marks,
    source_marks,
)
from skydb.report.blink import blink_gif
from skydb.report.body_figures import BodyPicture, body_picture, draw_body
from skydb.report.catalog_figures import CatalogPicture, draw_catalog, numbers_of
from skydb.report.chips import load_chips
from skydb.report.footprint_figures import FootprintMap, draw_footprints, footprint_map
from skydb.report.mosaic_figures import MosaicDisplay, draw_mosaics, load_pair, mosaic_display
from skydb.report.output import write_atomic
from skydb.report.residual_figures import draw_residuals, residual_field
from skydb.report.sky_display import Wanted, draw_sky_display, sky_display
from skydb.report.sky_figures import draw_sky_comparison, sky_comparison
from skydb.report.style import LIGHT, PICTURE_KINDS, Theme, figure_bytes, png_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skydb.api.composition import Services
    from skydb.domain.vocabulary import SkyMethod
    from skydb.services.lookup import FitEvidence, MosaicEvidence
    from skydb.store.scope import Scope

Row = dict[str, Any]

#: A pair of images is worth drawing when it shares so many matched sources.
_SHARED_SOURCES = 3


def alignment_pictures(services: Services, run_id: int, out: Path) -> list[Row]:
    """Write the pictures of an alignment run.

    Parameters
    ----------
    services : Services
    run_id : int
        The alignment run.
    out : Path
        Directory; made when it is missing.

    Returns
    -------
    list of dict
        ``path`` and ``shows`` of every picture.

    Raises
    ------
    NotFoundError
        When there is no such run, none of its fits succeeded, or its evidence is gone.
    """
    fits = services.evidence.fits(run_id)
    bodies = body_pictures(services, run_id, fits)
    if not (fits or bodies):
        raise NotFoundError(
            f"No fit of alignment run {run_id} has anything to show.",
            advice="See `skydb align show` for the reasons.",
        )
    out.mkdir(parents=True, exist_ok=True)
    pictures = [_write_body(body, run_id, out) for body in bodies]
    for fit in fits:
        if fit.group is None:
            pictures.append(_write_residuals(fit, out))
        if fit.is_exposure:
            pictures.append(_write_sources(fit, out))
    return pictures + [_write_pair(one, two, out) for one, two in pairs_sharing_sources(fits)]


def body_pictures(
    services: Services, run_id: int, fits: Sequence[FitEvidence]
) -> list[BodyPicture]:
    """Draw every rigid group of a run that has a fit, in the order of names."""
    groups: dict[str, list[Row]] = {}
    for row in services.solutions.fits(run_id):
        if row["group"] is not None and row["status"] != "failed":
            groups.setdefault(row["group"], []).append(row)
    found = []
    for name, rows in sorted(groups.items()):
        stars = services.evidence.measured([fit for fit in fits if fit.group == name])
        found.append(body_picture(name, rows, stars))
    return found


def comparison_pictures(
    services: Services, rows: Sequence[Row], run_ids: Sequence[int], out: Path
) -> list[Path]:
    """Write the plot of all methods, the mosaics side by side and the blink GIF."""
    out.mkdir(parents=True, exist_ok=True)
    mosaics = services.evidence.mosaics(run_ids)
    plot = png_bytes(draw_sky_comparison(sky_comparison(rows, observed_mjd(services, rows))))
    paths = [write_atomic(out / "mdrizsky.png", plot)]
    if mosaics:
        paths.append(
            write_atomic(out / "mosaics.png", png_bytes(draw_mosaics(mosaics_shown(mosaics))))
        )
        blink_gif(
            {one.method.value: one.science for one in mosaics},
            out / "mosaics.gif",
            weights={one.method.value: one.weight for one in mosaics},
            remove_pedestal=True,
        )
        paths.append(out / "mosaics.gif")
    return paths


def observed_mjd(services: Services, rows: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Start of the exposures of some rows by rootname, MJD."""
    return services.images.starts({str(row["rootname"]) for row in rows})


def catalog_picture(services: Services, name: str, out: Path, epoch: float | None = None) -> Path:
    """Write the picture of a catalogue's sources, over the outlines of the products.

    Parameters
    ----------
    services : Services
    name : str
        The catalogue.
    out : Path
        The PNG; its directory is made when it is missing.
    epoch : float, optional
        Julian year to place the sources at, as an alignment would.

    Raises
    ------
    NotFoundError
        When there is no such catalogue.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    return write_atomic(out, png_bytes(draw_catalog(catalog_shown(services, name, epoch))))


def catalog_shown(services: Services, name: str, epoch: float | None = None) -> CatalogPicture:
    """Sources of a catalogue over the outlines of the products, for drawing.

    Parameters
    ----------
    services, name, epoch
        As of :func:`catalog_picture`.

    Raises
    ------
    NotFoundError
        When there is no such catalogue.
    """
    found = services.catalog_sources.placed(name, epoch)
    rows = services.catalog_sources.sources(name, epoch)
    there = found.table.epoch_year
    far = found.record.displacement_mas
    moved = f"; the field moves by {far:.1f} mas from {found.record.still_epoch:.2f}" if far else ""
    title = f"{name}, epoch {there:.3f}{moved}"
    plane = services.catalog_sources.on_plane(found)
    return CatalogPicture(
        plane.centre_deg,
        plane.places_arcsec,
        numbers_of(rows, "mag")[:, 0],
        numbers_of(rows, "pm_ra_mas_yr", "pm_dec_mas_yr"),
        np.array([row["use"] == "dropped" for row in rows], dtype=bool),
        plane.outlines_arcsec,
        title,
    )


def footprints_shown(
    services: Services,
    scope: Scope | None = None,
    catalog: str | None = None,
    epoch: float | None = None,
) -> FootprintMap:
    """Footprints of a selection with the sources of a catalogue, for drawing.

    Parameters
    ----------
    services : Services
    scope : Scope, optional
        Which exposures; all when left out.
    catalog : str, optional
        Name of a catalogue of the ledger.
    epoch : float, optional
        Julian year to place its sources at.

    Raises
    ------
    NotFoundError
        When there is no footprint, or no such catalogue.
    """
    rows = services.footprints.rows(scope)
    if catalog is None:
        return footprint_map(rows)
    found = services.catalog_sources.placed(catalog, epoch).table
    label = f"{catalog}, epoch {found.epoch_year:.2f}"
    return footprint_map(rows, sources_deg=found.radec_deg, mag=found.mag, catalog=label)


def footprint_picture(
    services: Services,
    out: Path,
    scope: Scope | None = None,
    catalog: str | None = None,
    epoch: float | None = None,
) -> Path:
    """Write the footprint map of a selection.

    Parameters
    ----------
    out : Path
        A file ``.png``, ``.pdf`` or ``.svg``, or a directory; made when it is missing.
    services, scope, catalog, epoch
        As of :func:`footprints_shown`.

    Raises
    ------
    NotFoundError
        When there is no footprint, or no such catalogue.
    UsageError
        When the kind of file is not known.
    """
    path, kind = _picture_file(out, "footprints.png")
    title = "Footprints" if scope is None or scope.is_everything else f"Footprints: {scope.label}"
    figure = draw_footprints(footprints_shown(services, scope, catalog, epoch), title=title)
    return write_atomic(path, figure_bytes(figure, kind))


def sky_picture(
    services: Services,
    run_ids: Sequence[int],
    methods: Sequence[SkyMethod] | None,
    wanted: Wanted,
    out: Path,
) -> Row:
    """Write the picture of the mosaics of sky runs.

    Parameters
    ----------
    services : Services
    run_ids : sequence of int
        Sky runs.
    methods : sequence of SkyMethod or None
        In place of the runs the newest of these methods of the first one's group; None for
        all that have a mosaic.
    wanted : Wanted
        Limits, stretch and window.
    out : Path
        A file ``.png``, ``.pdf`` or ``.svg``, or a directory; made when it is missing.

    Returns
    -------
    dict
        ``path`` (absolute), ``runs`` (``run``, ``method``, ``mosaic``, ``level``), ``vmin``,
        ``vmax``, ``unit``.

    Raises
    ------
    NotFoundError
        When there is no such run or method, or no mosaic.
    UsageError
        When the picture would show nothing, or the kind of file is not known.
    """
    mosaics = _mosaics_wanted(services, run_ids, methods)
    path, kind = _picture_file(out, f"sky-{'-'.join(str(one.run) for one in mosaics)}.png")
    display = sky_display(mosaics, wanted)
    write_atomic(path, figure_bytes(draw_sky_display(display), kind))
    return {
        "path": str(path.resolve()),
        "runs": [
            {"run": one.run, "method": one.method.value, "mosaic": str(one.science)}
            for one in mosaics
        ],
        "levels": {panel.label: panel.image.pedestal for panel in display.panels},
        "vmin": display.scale.low,
        "vmax": display.scale.high,
        "unit": display.panels[0].image.unit,
    }


def sky_figure(
    services: Services,
    run_ids: Sequence[int],
    methods: Sequence[SkyMethod] | None,
    wanted: Wanted,
) -> Figure:
    """Draw the mosaics of sky runs; see :func:`sky_picture`."""
    return draw_sky_display(sky_display(_mosaics_wanted(services, run_ids, methods), wanted))


def _mosaics_wanted(
    services: Services, run_ids: Sequence[int], methods: Sequence[SkyMethod] | None
) -> Sequence[MosaicEvidence]:
    if methods is None:
        methods = services.evidence.methods_beside(run_ids[0])
    return services.evidence.mosaics_beside(run_ids, methods)


def _picture_file(out: Path, name: str) -> tuple[Path, str]:
    """Path of a picture, and its format."""
    suffix = out.suffix.lower().removeprefix(".")
    if suffix in PICTURE_KINDS and not out.is_dir():
        return out, suffix
    if suffix and not out.is_dir():
        raise UsageError(
            f"Unknown picture format {out.suffix}.", advice="Use .png, .pdf, .svg or a directory."
        )
    return out / name, "png"


def mosaics_shown(mosaics: Sequence[MosaicEvidence]) -> MosaicDisplay:
    """Science and weight of every method, on one scale; of several the level is subtracted."""
    pairs = [load_pair(one.method.value, one.science, one.weight) for one in mosaics]
    if len(pairs) > 1:
        pairs = [replace(one, science=one.science.without_pedestal()) for one in pairs]
    return mosaic_display(pairs)


def residuals_figure(fit: FitEvidence, theme: Theme = LIGHT) -> Figure:
    """Residuals of one fit over its field."""
    field = residual_field(fit.matches, fit.pixel_scale_arcsec)
    return draw_residuals(field, title=fit.product, theme=theme)


def pair_shown(first: FitEvidence, second: FitEvidence) -> list[MarkedImage]:
    """Two overlapping products with the sources that both matched."""
    marks = paired_marks(first.matches, second.matches)
    return [_marked(fit, mark) for fit, mark in zip((first, second), marks, strict=True)]


def sources_shown(fit: FitEvidence) -> list[MarkedImage]:
    """An image by itself with its matched sources, on the chips that they were found on."""
    return [_marked(fit, source_marks(fit.matches))]


def _marked(fit: FitEvidence, marks: SourceMarks) -> MarkedImage:
    """The image of a fit with marks, each on its own chip."""
    picture = load_chips(fit.image)
    rows = picture.rows_of(marks.y_pix, fit.matches.extver)
    placed = replace(marks, y_pix=rows)
    return MarkedImage(fit.product, picture.image, placed, chip_rows=picture.first_row)


def pairs_sharing_sources(fits: Sequence[FitEvidence]) -> list[tuple[FitEvidence, FitEvidence]]:
    """Pairs of products that matched some of the same sources, each product once or more."""
    shared = {
        (i, j): int((paired_marks(fits[i].matches, fits[j].matches)[0].group >= 0).sum())
        for i, j in combinations(range(len(fits)), 2)
    }
    best = {
        max((pair for pair in shared if index in pair), key=shared.__getitem__)
        for index in {index for pair in shared for index in pair}
    }
    worthwhile = sorted(pair for pair in best if shared[pair] >= _SHARED_SOURCES)
    return [(fits[i], fits[j]) for i, j in worthwhile]


def _write_residuals(fit: FitEvidence, out: Path) -> Row:
    path = out / f"{Path(fit.product).stem}_residuals.png"
    write_atomic(path, png_bytes(residuals_figure(fit)))
    return {"path": str(path), "shows": f"residuals of {fit.product}"}


def _write_sources(fit: FitEvidence, out: Path) -> Row:
    path = out / f"{Path(fit.product).stem}_sources.png"
    write_atomic(path, png_bytes(draw_sources(sources_shown(fit))))
    return {"path": str(path), "shows": f"sources of {fit.product}"}


def _write_body(body: BodyPicture, run_id: int, out: Path) -> Row:
    # Bodies of one group are called M31/1, M31/2 ...
    path = out / f"{body.name.replace('/', '_')}_group.png"
    title = f"Group {body.name}, alignment run {run_id}"
    write_atomic(path, png_bytes(draw_body(body, title=title)))
    return {"path": str(path), "shows": f"residuals and agreement of {body.name}"}


def _write_pair(first: FitEvidence, second: FitEvidence, out: Path) -> Row:
    path = out / f"{Path(first.product).stem}_{Path(second.product).stem}.png"
    write_atomic(path, png_bytes(draw_sources(pair_shown(first, second))))
    return {"path": str(path), "shows": f"sources of {first.product} and {second.product}"}
