"""Files of a run for figures: match files, mosaics, and their paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from skydb.domain import AlignmentRun, AlignmentSolution, SkyRun
from skydb.domain.values import ChipGeometry
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import NotFoundError
from skydb.files.matchfile import MatchFile, read_matches
from skydb.files.products import read_hstwcs
from skydb.files.workspace import Workspace
from skydb.sky.geometry import ARCSEC_PER_RADIAN, centre_of, tangent_plane
from skydb.sky.wcs_change import with_linear_terms
from skydb.store import queries
from skydb.store.required import require_run
from skydb.store.unit_of_work import Store

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FitEvidence:
    """One fit with its matched sources and the image that they were found in.

    Parameters
    ----------
    product : str
        File name.
    image : Path
        The file that was fitted.
    matches : MatchFile
    pixel_scale_arcsec : float
        Pixel of the plane of the fit.
    rootname : str
    group : str or None
        The rigid body that it was fitted with.
    chips : tuple of ChipGeometry
        The fitted linear terms of every chip.
    is_exposure : bool
        Whether the image is a single exposure.
    """

    product: str
    image: Path
    matches: MatchFile
    pixel_scale_arcsec: float
    rootname: str = ""
    group: str | None = None
    chips: tuple[ChipGeometry, ...] = ()
    is_exposure: bool = False


@dataclass(frozen=True)
class MeasuredStars:
    """Stars of one exposure of a rigid body, and what the fit of the body leaves of each.

    Parameters
    ----------
    rootname : str
    places_arcsec : ndarray, shape (N, 2)
        East and north offsets from the middle of the body.
    residuals_mas : ndarray, shape (N, 2)
        East and north: where the catalogue has the source, less where this very exposure has
        the star, by its fitted WCS with distortion.
    """

    rootname: str
    places_arcsec: Floats
    residuals_mas: Floats


@dataclass(frozen=True)
class MosaicEvidence:
    """The images of one sky run."""

    run: int
    method: SkyMethod
    science: Path
    weight: Path


@dataclass(frozen=True)
class Evidence:
    """Finds the files behind rows; reads, never writes."""

    store: Store
    workspace: Workspace

    def fits(self, run_id: int) -> list[FitEvidence]:
        """Fits of an alignment run that have matched sources.

        Raises
        ------
        NotFoundError
            When there is no such run, or its files are gone.
        """
        with self.store.reading() as session:
            run = require_run(session, AlignmentRun, run_id)
            if run.imported_by_id is not None:
                raise NotFoundError(
                    f"Alignment run {run_id} is known from a log only; there are no images to show."
                )
            if run.workspace is None:
                raise NotFoundError(
                    f"Alignment run {run_id} has not finished.", advice="Wait until it has."
                )
            if run.is_relative:
                return []
            home = self.workspace.resolve(run.workspace)
            return [self._fit(home, solution) for solution in run.solutions if solution.chips]

    def _fit(self, home: Path, solution: AlignmentSolution) -> FitEvidence:
        version = solution.version
        chips = tuple(chip.geometry for chip in solution.chips)
        return FitEvidence(
            product=version.filename,
            image=self.workspace.resolve(version.path),
            matches=read_matches(_match_file(home / _stem(version.filename))),
            pixel_scale_arcsec=_pixel_of_group(solution) or _pixel_scale_arcsec(chips[0].cd_deg),
            rootname=version.subject,
            group=solution.group_name,
            chips=chips,
            is_exposure=not version.product.kind.is_drizzled,
        )

    def measured(self, fits: Sequence[FitEvidence]) -> list[MeasuredStars]:
        """Stars of every exposure of a rigid body, with residuals of each exposure by itself.

        Parameters
        ----------
        fits : sequence of FitEvidence
            Of one group.

        Raises
        ------
        FileRejectedError
            When an exposure cannot be read.
        """
        stars = [np.column_stack((fit.matches.ra_fit_deg, fit.matches.dec_fit_deg)) for fit in fits]
        if not any(map(len, stars)):
            return [MeasuredStars(fit.rootname, *np.empty((2, 0, 2))) for fit in fits]
        centre = centre_of(np.vstack(stars))
        return [_measured(fit, placed, centre) for fit, placed in zip(fits, stars, strict=True)]

    def mosaics(self, run_ids: Sequence[int] = ()) -> list[MosaicEvidence]:
        """Mosaics of runs, but for those purged; of the newest group when none is named."""
        with self.store.reading() as session:
            if run_ids:
                runs = list(session.scalars(select(SkyRun).where(SkyRun.id.in_(run_ids))))
            else:
                runs = queries.runs_of_group(session, queries.latest_group(session))
            return [self._mosaic(run) for run in runs if run.has_mosaic and run.effective_method]

    def mosaics_beside(
        self, run_ids: Sequence[int], methods: Sequence[SkyMethod] = ()
    ) -> list[MosaicEvidence]:
        """Mosaics of runs, and those of other methods of the first one's group.

        Parameters
        ----------
        run_ids : sequence of int
            Sky runs.
        methods : sequence of SkyMethod
            Of these the newest good run of the group, instead of the runs.

        Raises
        ------
        NotFoundError
            When there is no such run or method, or no mosaic (any more).
        """
        with self.store.reading() as session:
            runs = [require_run(session, SkyRun, run) for run in dict.fromkeys(run_ids)]
            if methods:
                beside = queries.runs_of_group(session, runs[0].group_id)
                by_method = {run.effective_method: run for run in beside}
                absent = [method.value for method in methods if method not in by_method]
                if absent:
                    there = ", ".join(sorted(method.value for method in by_method if method))
                    raise NotFoundError(
                        f"The group of run {runs[0].id} has no run of {absent[0]}.",
                        advice=f"It has {there or 'none that succeeded'}.",
                    )
                runs = [by_method[method] for method in methods]
            return [self._mosaic(run) for run in runs]

    def methods_beside(self, run_id: int) -> list[SkyMethod]:
        """Methods of the group of a run of which there is a mosaic."""
        with self.store.reading() as session:
            run = require_run(session, SkyRun, run_id)
            beside = queries.runs_of_group(session, run.group_id)
            return [one.effective_method for one in beside
                    if one.has_mosaic and one.effective_method]  # fmt: skip

    def _mosaic(self, run: SkyRun) -> MosaicEvidence:
        if run.mosaic is None or run.effective_method is None:
            raise NotFoundError(f"Sky run {run.id} has no mosaic.", advice="See `skydb runs show`.")
        if run.mosaic.purged_at is not None:
            raise NotFoundError(
                f"The mosaic of run {run.id} was purged.", advice=f"See `skydb runs show {run.id}`."
            )
        science = self.workspace.resolve(run.mosaic.science_path)
        weight = self.workspace.resolve(run.mosaic.weight_path)
        return MosaicEvidence(run.id, run.effective_method, science, weight)


def _stem(filename: str) -> str:
    return Path(filename).stem


def _match_file(directory: Path) -> Path:
    found = sorted(directory.glob("*_catalog_fit.match"))
    if not found:
        raise NotFoundError(f"The match file in {directory} is gone.")
    return found[0]


def _measured(fit: FitEvidence, radec_deg: Floats, centre: Floats) -> MeasuredStars:
    """Residuals of the stars of one exposure: of the catalogue, less of its own pixels."""
    matches = fit.matches
    if not len(matches):
        return MeasuredStars(fit.rootname, *np.empty((2, 0, 2)))
    # The plane of a group has x to the west and y to the north.
    left = np.column_stack((-matches.x_residual_pix, matches.y_residual_pix))
    sources = ARCSEC_PER_RADIAN * tangent_plane(radec_deg, centre) + fit.pixel_scale_arcsec * left
    seen = ARCSEC_PER_RADIAN * tangent_plane(_on_sky(fit), centre)
    return MeasuredStars(fit.rootname, seen, 1000.0 * (sources - seen))


def _on_sky(fit: FitEvidence) -> Floats:
    """Sky positions of an exposure's own measurements by the fitted WCS, ICRS degrees."""
    before = read_hstwcs(fit.image)
    found = np.full((len(fit.matches), 2), np.nan)
    xy = np.column_stack((fit.matches.x_in_original_pix, fit.matches.y_in_original_pix))
    for chip in fit.chips:
        mine = fit.matches.extver == chip.extver
        if mine.any():
            found[mine] = with_linear_terms(before[chip.extver], chip).all_pix2world(xy[mine], 1)
    return found


def _pixel_of_group(solution: AlignmentSolution) -> float | None:
    """Pixel of the plane of a rigid body, in arcsec; None for what was fitted by itself."""
    if solution.group_name is None or not (solution.x_rms_pix and solution.rms_ra_mas):
        return None
    return solution.rms_ra_mas / solution.x_rms_pix / 1000.0


def _pixel_scale_arcsec(cd_deg: tuple[float, float, float, float]) -> float:
    a, b, c, d = cd_deg
    return float(3600.0 * abs(a * d - b * c) ** 0.5)
