"""Cosmic rays: masks of driz_cr, skies and mosaics against the truth, for every detector.

One sparse visit a detector, with rays, saturation and bleeding. Mosaics are compared with
those of the same exposures whose hits have been taken out again.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from scripts.benchmarks.timing import Result
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.drizzle.astrodrizzle import AstroDrizzle, DrizzleOutcome, ProductJob, SkyJob
from skydb.drizzle.crmasks import read_masks
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.simulate.field import simulate_field
from skydb.simulate.hits import read_hits
from skydb.simulate.masks import MaskScore, score_masks, together
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth

_SIZE_PIX, _DITHERS, _STARS = 256, 4, 25
#: A hit in a mosaic is what stands so many sigma above the mosaic without hits.
_LEFT_SIGMA = 5.0
#: Part of the hit pixels away from stars that must be masked, of the clean ones that may be.
_COMPLETE, _FALSE = 0.9, 0.01
#: Part of the sky of a mosaic, where three exposures or more lie, that may show a hit.
_LEFT = 1e-4
_NEAR_STARS_PIX = 2
#: Error of a matched sky over what the noise of its pixels allows.
_SKY_SIGMA = 2.0


def measure(workdir: Path, repeats: int) -> list[Result]:
    """One row a detector and figure; `repeats` is the number of fields of each."""
    results = []
    for name in SimDetector:
        found = [_field(workdir / f"{name}{seed}", name, seed) for seed in range(1, repeats + 1)]
        results += _results(name, found)
    return results


@dataclass(frozen=True)
class _Found:
    """What one field showed: by method where it depends on it."""

    masks: Mapping[SkyMethod, MaskScore]
    sky_sigmas: Mapping[str, float]
    sky_errors: Mapping[str, float]
    left: Mapping[str, tuple[int, int, int]]


def _field(home: Path, name: SimDetector, seed: int) -> _Found:
    shutil.rmtree(home, ignore_errors=True)
    plan = FieldPlan(
        *(name, (1, 1), _DITHERS, _SIZE_PIX, seed),
        **{"products": False, "stars": _STARS, "nebula": 0.0, "cosmic_rays": True},
        pointing_error_arcsec=(0.0, 0.0),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth = simulate_field(home / "field", plan)
    exposures = [home / "field" / one.path for one in truth.exposures]
    clean = [_without_hits(path, home, truth) for path in exposures]
    jobs = {
        f"{how} {method.value}": SkyJob(ProductJob(tuple(paths), "mosaic", settings), method)
        for how, paths, settings in (
            ("rejected", exposures, AstroDrizzleSettings(reject_cosmic_rays=True)),
            ("kept", exposures, AstroDrizzleSettings()),
            ("without hits", clean, AstroDrizzleSettings()),
        )
        for method in COMPUTED_METHODS
    }
    drizzle = AstroDrizzle(DrizzlepacRunner())
    outcomes = dict(
        zip(jobs, drizzle.drizzle_all(list(jobs.values()), home / "scratch"), strict=True)
    )
    masks = {
        method: _score(truth, home / "field", outcomes[f"rejected {method.value}"])
        for method in COMPUTED_METHODS
    }
    skies = {key: _sky_error(truth, one, home / "field") for key, one in outcomes.items()}
    return _Found(
        masks,
        {key: sigmas for key, (_, sigmas) in skies.items()},
        {key: error for key, (error, _) in skies.items()},
        {key: _left_of(key, outcomes) for key in outcomes if not key.startswith("without")},
    )


def _left_of(key: str, outcomes: Mapping[str, DrizzleOutcome]) -> tuple[int, int, int]:
    reference = outcomes[f"without hits {key.partition(' ')[2]}"]
    return _left(outcomes[key].science, reference.science, reference.weight)


def _without_hits(path: Path, home: Path, truth: FieldTruth) -> Path:
    """A copy of an exposure with the charge of all hits taken out again."""
    target = home / "clean" / path.name
    target.parent.mkdir(exist_ok=True)
    rootname = path.name.split("_")[0]
    crmask = truth.exposure(rootname).crmask
    hits = read_hits(home / "field" / str(crmask))
    with fits.open(path, memmap=False) as hdus:
        for extver, one in hits.items():
            is_rate = hdus["SCI", extver].header["BUNIT"].endswith("/S")
            scale = hdus[0].header["EXPTIME"] if is_rate else 1.0
            unsaturated = (hdus["DQ", extver].data & 256) == 0
            hdus["SCI", extver].data -= np.float32(one.charge * unsaturated / scale)
        hdus.writeto(target, overwrite=True)
    return target


def _score(truth: FieldTruth, directory: Path, outcome: DrizzleOutcome) -> MaskScore:
    if outcome.mask_file is None:
        raise RuntimeError("there are no masks")
    return together(score_masks(truth, directory, read_masks(outcome.mask_file)).values())


def _sky_error(truth: FieldTruth, outcome: DrizzleOutcome, directory: Path) -> tuple[float, float]:
    """Rms of the errors of all skies, and the same over what their noise allows."""
    errors, sigmas = [], []
    for sky in outcome.skies:
        exposure = truth.exposure(sky.filename.split("_")[0])
        with fits.open(directory / exposure.path) as hdus:
            good = hdus["ERR", sky.extver].data[hdus["DQ", sky.extver].data == 0]
        errors.append((sky.mdrizsky or 0.0) - exposure.sky)
        sigmas.append(1.25 * float(np.median(good)) / np.sqrt(good.size))
    found = np.array(errors)
    if outcome.effective_method.is_relative:
        found -= found.mean()
    return float(np.sqrt(np.mean(found**2))), float(np.sqrt(np.mean((found / sigmas) ** 2)))


def _left(science: Path, reference: Path, weight: Path) -> tuple[int, int, int]:
    """Pixels of a mosaic with a hit left on the sky, those on stars, and all on the sky."""
    pure, image, weights = _image(reference), _image(science), _image(weight)
    # Of equal exposures: at least three of four.
    covered = weights > 0.6 * np.nanpercentile(weights[weights > 0], 90)
    covered &= np.isfinite(pure) & np.isfinite(image)
    level = np.median(pure[covered])
    sigma = 1.4826 * float(np.median(np.abs(pure[covered] - level)))
    difference = image - pure
    # Rejection takes light of steep stars as well: what counts is what stands above.
    left = covered & (difference - np.median(difference[covered]) > _LEFT_SIGMA * sigma)
    on_stars = binary_dilation(pure - level > _LEFT_SIGMA * sigma, iterations=_NEAR_STARS_PIX)
    counts = (left & ~on_stars, left & on_stars, covered & ~on_stars)
    return int(counts[0].sum()), int(counts[1].sum()), int(counts[2].sum())


def _image(path: Path) -> NDArray[np.float64]:
    data: NDArray[np.float64] = fits.getdata(path).astype(np.float64)
    return data


def _results(name: SimDetector, found: Sequence[_Found]) -> list[Result]:
    scores = together(score for one in found for score in one.masks.values())
    missed_on_sky = 1 - (scores.completeness_on_sky or 0.0)
    return [
        _row(f"{name}: hit pixels away from stars not masked", missed_on_sky, 1 - _COMPLETE),
        _row(f"{name}: hit pixels not masked, all", 1 - (scores.completeness or 0.0), None),
        _row(f"{name}: clean pixels masked", scores.false_alarm_rate or 0.0, _FALSE),
        *(_hits_row(name, how, found) for how in ("kept", "rejected")),
        *(_sky_row(name, how, found) for how in ("without hits", "kept", "rejected")),
    ]


def _hits_row(name: SimDetector, how: str, found: Sequence[_Found]) -> Result:
    counts = [one.left[key] for one in found for key in one.left if key.startswith(how)]
    left, on_stars, covered = (sum(each) for each in zip(*counts, strict=True))
    bar = _LEFT if how == "rejected" else None
    row = _row(f"{name}: sky of the mosaic with a hit, hits {how}", left / covered, bar)
    return {**row, "pixels_on_stars": on_stars, "pixels_on_sky": left}


def _sky_row(name: SimDetector, how: str, found: Sequence[_Found]) -> Result:
    key = f"{how} {SkyMethod.MATCH.value}"
    sigmas = float(np.sqrt(np.mean([one.sky_sigmas[key] ** 2 for one in found])))
    row = _row(f"{name}: error of match in sigma, hits {how}", sigmas, _SKY_SIGMA)
    return {**row, "errors": [dict(one.sky_errors) for one in found]}


def _row(name: str, value: float, bar: float | None) -> Result:
    target = "reported" if bar is None else f"<= {bar:.3g}"
    return {"name": name, "target": target, "ratio": value, "passed": bar is None or value <= bar}
