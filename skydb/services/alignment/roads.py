"""Kinds of files that an alignment run fits: how they are chosen, checked and fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlalchemy.orm import Session

from skydb.domain.choice import ChosenInput
from skydb.domain.guards import Flag
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import AlignmentRoad
from skydb.drizzle.geometries import fit_by_matches
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.starlists import STARS_OF_CHIP, StarFinder
from skydb.drizzle.tweakreg import FIRST_GEOMETRY, FitStatus, OnFit, ProductFit, TweakReg
from skydb.services.alignment.exposures import choose_exposures, exposure_flags
from skydb.services.alignment.guards import product_flags
from skydb.services.alignment.products import choose_products
from skydb.services.core import Progress
from skydb.services.intake import Selection
from skydb.sky.stars import StarList


@dataclass(frozen=True)
class FitJob:
    """Files to be fitted by a tool, each with its catalogue.

    Parameters
    ----------
    files : sequence of Path
        What to fit; they are not touched.
    catalogs : mapping of Path to Path
        The text catalogue of each.
    settings : TweakRegSettings
        How.
    scratch : Path
        Directory for what the tool writes.
    finder : StarFinder
        Of the run.
    """

    files: Sequence[Path]
    catalogs: Mapping[Path, Path]
    settings: TweakRegSettings
    scratch: Path
    finder: StarFinder


class Road(Protocol):
    """One kind of files that are fitted."""

    @property
    def kind(self) -> AlignmentRoad:
        """Its name."""
        ...

    def choose(
        self, session: Session, names: Sequence[str], selection: Selection | None
    ) -> list[ChosenInput]:
        """The file versions to fit, and why."""
        ...

    def flags(
        self, session: Session, chosen: Sequence[ChosenInput], files: Mapping[int, FileFacts]
    ) -> list[Flag]:
        """Collect the flags on them."""
        ...

    def fit(
        self, runner: DrizzlepacRunner, job: FitJob, progress: Progress, on_fit: OnFit
    ) -> list[ProductFit]:
        """Fit each file, or explain why there is no fit; report each as soon as it is done."""
        ...


class DrizzledRoad:
    """Drizzled products, in which TweakReg finds the sources itself."""

    kind = AlignmentRoad.DRIZZLED

    def choose(
        self, session: Session, names: Sequence[str], selection: Selection | None
    ) -> list[ChosenInput]:
        """Versions of drizzled products."""
        return choose_products(session, names, selection)

    def flags(
        self, session: Session, chosen: Sequence[ChosenInput], files: Mapping[int, FileFacts]
    ) -> list[Flag]:
        """Flags on the products and on their members."""
        return product_flags(session, chosen, files)

    def fit(
        self, runner: DrizzlepacRunner, job: FitJob, progress: Progress, on_fit: OnFit
    ) -> list[ProductFit]:
        """Fits by TweakReg."""
        progress.begin(f"TweakReg on {len(job.files)} products")
        fit = partial(_tweakreg, TweakReg(runner), job.catalogs, None)
        return fit_by_matches(fit, job.files, job.settings, job.scratch, on_fit)


class ExposureRoad:
    """Single exposures, each by itself, of which TweakReg is given the stars."""

    kind = AlignmentRoad.EXPOSURES

    def choose(
        self, session: Session, names: Sequence[str], selection: Selection | None
    ) -> list[ChosenInput]:
        """Versions of exposures."""
        return choose_exposures(session, names, selection)

    def flags(
        self, session: Session, chosen: Sequence[ChosenInput], _: Mapping[int, FileFacts]
    ) -> list[Flag]:
        """Flags on the exposures."""
        return exposure_flags(session, chosen)

    def fit(
        self, runner: DrizzlepacRunner, job: FitJob, progress: Progress, on_fit: OnFit
    ) -> list[ProductFit]:
        """Fits by TweakReg to skydb's own lists of stars, which survive cosmic rays."""
        progress.begin("Finding stars", len(job.files))
        stars = {}
        for path in job.files:
            stars[path] = job.finder.lists(path)
            progress.advance()
        counts = {path: sum(map(len, chips.values())) for path, chips in stars.items()}
        wanted = job.settings.minobj
        enough = [path for path in job.files if counts[path] >= wanted]
        fits = {
            path: _too_few(path, counts[path], wanted, job)
            for path in job.files
            if path not in enough
        }
        for one in fits.values():
            on_fit(one)
        if enough:
            progress.begin(f"TweakReg on {len(enough)} exposures")
            fit = partial(_tweakreg, TweakReg(runner), job.catalogs, stars)
            made = fit_by_matches(fit, enough, job.settings, job.scratch, on_fit)
            fits |= {fit.product: fit for fit in made}
        return [fits[path] for path in job.files]


def _tweakreg(
    tool: TweakReg,
    catalogs: Mapping[Path, Path],
    stars: Mapping[Path, Mapping[int, StarList]] | None,
    files: Sequence[Path],
    settings: TweakRegSettings,
    scratch: Path,
    on_fit: OnFit,
) -> list[ProductFit]:
    return tool.fit(files, catalogs, settings, scratch, stars=stars, on_fit=on_fit)


def star_files_of(fit: ProductFit) -> list[Path]:
    """The lists of stars that TweakReg was given for a fit; none when it found sources itself."""
    if fit.match_file is None:
        return []
    return sorted(fit.match_file.parent.glob(f"{fit.product.stem}{STARS_OF_CHIP.format('*')}"))


def _too_few(path: Path, count: int, wanted: int, job: FitJob) -> ProductFit:
    """The failure of an exposure that has not enough stars."""
    return ProductFit(
        product=path,
        status=FitStatus.FAILED,
        log=job.scratch / "none",
        original_wcs_name="",
        fit_geometry=job.settings.fitgeometry or FIRST_GEOMETRY,
        catalog_sources=0,
        reason=f"{count} stars were found in it, and a fit needs {wanted}",
    )


_ROADS: dict[AlignmentRoad, Road] = {road.kind: road for road in (DrizzledRoad(), ExposureRoad())}


def road_of(kind: AlignmentRoad | None) -> Road:
    """The road of a run; a run known from a log only fitted drizzled products."""
    return _ROADS[kind or AlignmentRoad.DRIZZLED]
