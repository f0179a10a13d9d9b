"""Made-up fields of few and of many exposures, for pictures that are compared with earlier ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skydb.domain.vocabulary import Engine, SkyMethod
from skydb.report.alignment_figures import MarkedImage, paired_marks, source_marks
from skydb.report.audit_figures import AuditPicture, audit_picture
from skydb.report.blink import BlinkSequence, sequence_of
from skydb.report.body_figures import BodyPicture, body_picture
from skydb.report.catalog_figures import CatalogPicture
from skydb.report.footprint_figures import FootprintMap, footprint_map
from skydb.report.images import DisplayImage, Interval, common_scale
from skydb.report.mosaic_figures import MosaicDisplay, MosaicPair, mosaic_display
from skydb.report.residual_figures import ResidualField, residual_field
from skydb.report.sky_display import SkyDisplay, SkyPanel
from skydb.services.comparison import Quantity, TimePoint
from skydb.services.skies.audit import Audit, RunScore
from skydb.sky.residuals import Residual

from .conftest import make_sources, tangent_wcs

#: Exposures of a visit.
PER_VISIT = 6
MIDDLE = (83.6, 22.0)


@dataclass(frozen=True)
class Stars:
    """Stars of one exposure of a group."""

    rootname: str
    places_arcsec: NDArray[np.float64]
    residuals_mas: NDArray[np.float64]


def visit_of(place: int) -> str:
    return f"bxl{50 + place // PER_VISIT}"


def rootname_of(place: int) -> str:
    return f"i{visit_of(place)}i{'abcdef'[place % PER_VISIT]}q"


def observed(place: int) -> datetime:
    """Visits some days apart, of three seasons; the exposures of one within an hour or two."""
    visit = place // PER_VISIT
    day = 4 * visit + 200 * (visit * PER_VISIT // 36)
    first = datetime(2013, 10, 1, 8, 0, tzinfo=UTC)
    return first + timedelta(days=day, minutes=16 * (place % PER_VISIT))


def skies(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(count)
    rows = []
    for place in range(count):
        level = 0.8 + 0.1 * np.sin(place / 5) + 0.01 * rng.normal()
        rows.append(
            {
                "rootname": rootname_of(place),
                "extver": 1,
                "visit": visit_of(place),
                "unit": "electron/s",
                "date_obs": observed(place).isoformat(),
                "localmin": level,
                "localmin_sigma": 0.004,
                "match": level - 0.8,
                "match_sigma": 0.006,
                "globalmin": 0.7,
                "globalmin_match": level - 0.1 if place % 7 else None,
                "globalmin_match_sigma": 0.01,
            }
        )
    return rows


def timeline(count: int) -> list[TimePoint]:
    """Two runs of two methods, of which the second has newer contents of some exposures."""
    points = []
    for place, row in enumerate(skies(count)):
        for run, (method, week) in enumerate(
            [(SkyMethod.LOCALMIN, 0), (SkyMethod.MATCH, 0), (SkyMethod.LOCALMIN, 9)], start=1
        ):
            new = week > 0 and place % PER_VISIT == 0
            made = datetime(2024, 3, 1, 12, tzinfo=UTC) + timedelta(weeks=week)
            points.append(
                point(
                    subject=row["rootname"], at=made.isoformat(), observed=row["date_obs"],
                    value=row[method.column] + 0.03 * new, sigma=row[f"{method.column}_sigma"],
                    method=method, run=run, version=2 if new else 1,
                )
            )  # fmt: skip
    return points


def fits(count: int) -> list[TimePoint]:
    rng = np.random.default_rng(count)
    points = []
    for place in range(count):
        more = {
            "subject": rootname_of(place), "at": "2024-03-01T12:00:00+00:00", "extver": None,
            "observed": observed(place).isoformat(), "method": None, "solution": place,
        }  # fmt: skip
        if place % 13 == 12:
            points.append(point(quantity=Quantity.NO_FIT, value=None, unit=None, **more))
            continue
        for quantity, mas in zip(
            (Quantity.RMS_RA, Quantity.RMS_DEC, Quantity.SHIFT),
            (*rng.uniform(4, 9, 2), rng.uniform(30, 300)),
            strict=True,
        ):
            points.append(point(quantity=quantity, value=mas, unit="mas", **more))
    return points


def point(**facts: Any) -> TimePoint:
    usual = {
        "quantity": Quantity.SKY, "subject": "ibxl50iaq", "extver": 1, "at": None, "value": 1.0,
        "recorded": None, "zero": None, "unit": "electron/s", "method": SkyMethod.LOCALMIN,
        "run": 1, "solution": None, "version": 1, "label": None, "tool_version": None,
        "downgraded": False, "is_imported": False, "replay_of": None, "status": None,
    }  # fmt: skip
    return TimePoint(**{**usual, **facts})


def residuals(count: int) -> ResidualField:
    rng = np.random.default_rng(count)
    x, y = rng.uniform(1, 1000, (2, count))
    return residual_field(make_sources(x, y, tangent_wcs(1000, 1000)), 0.1283)


def group(count: int, stars: int = 20) -> BodyPicture:
    rng = np.random.default_rng(count)
    names = [rootname_of(place) for place in range(count)]
    seen = [
        Stars(name, rng.uniform(-60, 60, (stars, 2)), rng.normal(0, 2, (stars, 2)))
        for name in names
    ]
    rows = [
        {
            "rootname": name, "relative_pairs": 40 + place, "relative_rms_mas": 0.8 + place / 50,
            "relative_east_mas": 12.5 - place, "relative_north_mas": 0.3 * place,
            "error_mas": 0.2 + place / 200,
        }
        for place, name in enumerate(names)
    ]  # fmt: skip
    return body_picture("bxla", rows, seen)


def chips(count: int) -> dict[tuple[str, int], NDArray[np.float64]]:
    """Outlines in degrees: visits on a grid, the exposures of a visit dithered and turned."""
    rng = np.random.default_rng(count)
    side = int(np.ceil(np.sqrt(count / PER_VISIT)))
    outlines = {}
    for place in range(count):
        visit = place // PER_VISIT
        angle = np.radians(15 + 25 * (visit % 3))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        corners = 63.0 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) @ turn
        east, north = corners.T + np.array(
            [[110.0 * (visit % side)], [110.0 * (visit // side)]]
        ) + rng.uniform(-4, 4, (2, 1))  # fmt: skip
        ra = MIDDLE[0] + east / 3600 / np.cos(np.radians(MIDDLE[1]))
        outlines[rootname_of(place), 1] = np.column_stack((ra, MIDDLE[1] + north / 3600))
    return outlines


def audited(count: int) -> AuditPicture:
    names = [rootname_of(place) for place in range(count)]
    rng = np.random.default_rng(count)
    pairs = tuple(
        Residual(names[i], names[j], 100.0, 0.3, 0.01 * rng.normal(), 0.01, "electron/s", 1)
        for i in range(count)
        for j in range(i + 1, min(count, i + 5))
    )
    runs = [(1, SkyMethod.MATCH, 0.008), (2, SkyMethod.GLOBALMIN_MATCH, 0.009),
            (3, SkyMethod.GLOBALMIN, 0.07), (4, SkyMethod.LOCALMIN, 0.03)]  # fmt: skip
    ranking = tuple(
        RunScore(run, Engine.SKYDB, method, False, rms, 0.1, len(pairs), "electron/s")
        for run, method, rms in runs
    )
    return audit_picture(
        Audit(
            run=ranking[0], residuals=pairs, islands=(tuple(names),), ranking=ranking,
            outlines=chips(count),
        )
    )  # fmt: skip


def catalog(count: int) -> CatalogPicture:
    rng = np.random.default_rng(count)
    motions = rng.normal((2.0, -5.0), 4.0, (count, 2))
    motions[::9] = np.nan
    outlines = [
        np.array([(-60, -60), (60, -60), (60, 60), (-60, 60)], float) + shift
        for shift in (-40.0, 50.0)
    ]
    return CatalogPicture(
        centre_deg=MIDDLE,
        places_arcsec=rng.uniform(-120, 120, (count, 2)),
        mag=rng.uniform(15, 21, count),
        pm_mas_yr=motions,
        is_dropped=np.arange(count) % 18 == 0,
        outlines_arcsec=outlines,
        title="gaia, epoch 2013.750",
    )


def image(
    level: float = 0.0, *, seed: int = 7, shape: tuple[int, int] = (120, 150)
) -> DisplayImage:
    """Noise, a slope, some stars and an empty corner, on a sky that is turned."""
    ny, nx = shape
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:ny, :nx]
    data = level + 0.02 * rng.normal(size=shape) + 0.1 * x / nx
    for _ in range(25):
        at_x, at_y, peak = rng.uniform(0, nx), rng.uniform(0, ny), rng.exponential(1.5)
        data += peak * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / 4.0)
    data[x + y < 40] = np.nan
    wcs = tangent_wcs(nx, ny)
    wcs.wcs.pc = [[0.9, -0.436], [0.436, 0.9]]
    wcs.wcs.set()
    return DisplayImage(data.astype(np.float32), 1, shape, "electron/s", wcs)


def weight() -> DisplayImage:
    shown = image(seed=3)
    data = np.where(np.isfinite(shown.data), 400.0 + 200.0 * (shown.data > 0.05), np.nan)
    return DisplayImage(data.astype(np.float32), 1, shown.shape_pix, None, shown.wcs)


METHODS: Mapping[str, float] = {
    "localmin": 0.0, "match": 0.9, "globalmin+match": 0.05, "globalmin": 0.2,
}  # fmt: skip


def mosaics() -> MosaicDisplay:
    return mosaic_display(
        [MosaicPair(name, image(level).without_pedestal(), weight())
         for name, level in METHODS.items()]
    )  # fmt: skip


def shown_skies() -> SkyDisplay:
    images = [image(level).without_pedestal() for level in METHODS.values()]
    panels = tuple(
        SkyPanel(f"run {run}, {name}", one)
        for run, (name, one) in enumerate(zip(METHODS, images, strict=True), start=1)
    )
    return SkyDisplay(panels, common_scale(images, interval=Interval.ZSCALE))


def marked(count: int, *, paired: bool) -> Sequence[MarkedImage]:
    rng = np.random.default_rng(count)
    shown = [image(seed=5), image(seed=5)]
    x, y = rng.uniform(30, 118, (2, count))
    first = make_sources(x, y, shown[0].wcs)
    found = rng.uniform(1, 118, (30, 2))
    if not paired:
        return [MarkedImage("ibxla1aaq_flt.fits", shown[0], source_marks(first), found)]
    second = make_sources(x[count // 3 :], y[count // 3 :], shown[1].wcs)
    marks = paired_marks(first, second)
    names = ("ibxla1aaq_flt.fits", "ibxla1abq_flt.fits")
    return [
        MarkedImage(name, one, mark, found)
        for name, one, mark in zip(names, shown, marks, strict=True)
    ]


def footprints(count: int, *, fields: int = 1) -> FootprintMap:
    """Fields a degree apart, each of so many exposures, and a catalogue over the first."""
    rows = [
        {
            "rootname": f"{name}{field or ''}", "visit": f"{name[1:6]}{field or ''}",
            "product": None, "corners_deg": [corners + np.array([0.0, field])],
        }
        for field in range(fields)
        for (name, _), corners in chips(count).items()
    ]  # fmt: skip
    rng = np.random.default_rng(count)
    sources = np.array(MIDDLE) + rng.uniform(-0.05, 0.1, (300, 2))
    return footprint_map(
        rows, sources_deg=sources, mag=rng.uniform(15, 21, 300), catalog="gaia, epoch 2013.75"
    )


def blink() -> BlinkSequence:
    """Frames of all methods on one scale."""
    images = {name: image(level) for name, level in METHODS.items()}
    return sequence_of(images, remove_pedestal=True)
