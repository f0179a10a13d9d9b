"""What a run left to be looked at: match files, mosaics, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from skydb.domain import AlignmentRun, SkyRun
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import NotFoundError
from skydb.files.matchfile import MatchFile, read_matches
from skydb.files.workspace import Workspace
from skydb.store import queries
from skydb.store.unit_of_work import Store


@dataclass(frozen=True)
class FitEvidence:
    """One fit with its matched sources and the image that they were found in."""

    product: str
    image: Path
    matches: MatchFile
    pixel_scale_arcsec: float


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
            run = session.get(AlignmentRun, run_id)
            if run is not None and run.imported_by_id is not None:
                raise NotFoundError(
                    f"Alignment run {run_id} is only known from a log: there are no images to show."
                )
            if run is None or run.workspace is None:
                raise NotFoundError(f"There is no finished alignment run {run_id}.")
            if run.is_relative:
                raise NotFoundError(
                    f"Alignment run {run_id} aligned visits to each other: there are no matches "
                    "with a catalogue to show.",
                    advice="See `skydb align show`.",
                )
            home = self.workspace.resolve(run.workspace)
            fitted = [solution for solution in run.solutions if solution.chips]
            return [
                FitEvidence(
                    product=solution.version.filename,
                    image=self.workspace.resolve(solution.version.path),
                    matches=read_matches(_match_file(home / _stem(solution.version.filename))),
                    pixel_scale_arcsec=_pixel_scale_arcsec(solution.chips[0].geometry.cd_deg),
                )
                for solution in fitted
            ]

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
            found = {run: session.get(SkyRun, int(run)) for run in run_ids if run < 2**31}
            missing = [run for run in run_ids if found.get(run) is None]
            if missing:
                raise NotFoundError(
                    f"There is no sky run {missing[0]}.", advice="See `skydb runs`."
                )
            runs = [run for run in found.values() if run is not None]
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
            run = session.get(SkyRun, int(run_id)) if run_id < 2**31 else None
            if run is None:
                raise _no_run(run_id)
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


def _no_run(run_id: int) -> NotFoundError:
    return NotFoundError(f"There is no sky run {run_id}.", advice="See `skydb runs`.")


def _stem(filename: str) -> str:
    return Path(filename).stem


def _match_file(directory: Path) -> Path:
    found = sorted(directory.glob("*_catalog_fit.match"))
    if not found:
        raise NotFoundError(f"The match file in {directory} is gone.")
    return found[0]


def _pixel_scale_arcsec(cd_deg: tuple[float, float, float, float]) -> float:
    a, b, c, d = cd_deg
    return float(3600.0 * abs(a * d - b * c) ** 0.5)
