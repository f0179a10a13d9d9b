"""WCS diff: the distance of two solutions of one image, and its possible causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from skydb.domain import (
    Activity,
    AlignmentRun,
    AlignmentSolution,
)
from skydb.domain.vocabulary import DiffCause, ProductKind, SolutionOrigin, WcsKind
from skydb.errors import UsageError
from skydb.services.alignment.solutions import find_solution, wcs_or_like
from skydb.services.core import Context
from skydb.sky.wcs_change import difference

_FOUND = (SolutionOrigin.ARCHIVE, SolutionOrigin.HEADERLET)


@dataclass(frozen=True, slots=True)
class WcsDifference:
    """Two solutions of one image.

    Parameters
    ----------
    a, b : int
        The solutions.
    product : str
        File of the first one.
    a_name, b_name : str
        Their WCSNAMEs.
    median_mas, max_mas : float
        Separations of the points of a grid over all chips.
    east_mas, north_mas : float
        Mean shift from the first to the second; east is a true angle.
    rotation_deg, scale : float
        Of the second against the first; position angles grow through east.
    cause : list of DiffCause
        What differs in the rows behind the two; empty when nothing does.
    because : dict
        For each cause what the first and the second say.
    assumed : str or None
        What had to be assumed because a file is gone.
    """

    a: int
    b: int
    product: str
    a_name: str
    b_name: str
    median_mas: float
    max_mas: float
    east_mas: float
    north_mas: float
    rotation_deg: float
    scale: float
    cause: list[DiffCause]
    because: dict[str, list[Any]]
    assumed: str | None


@dataclass(frozen=True)
class WcsDiffService:
    """Compares solutions; reads, never writes."""

    context: Context

    def diff(self, first_id: int, second_id: int) -> WcsDifference:
        """Compare two solutions of one exposure or product.

        Raises
        ------
        NotFoundError
            When a solution, or the file that it stands in, does not exist.
        UsageError
            When they are of different exposures or have different chips.
        """
        with self.context.store.reading() as session:
            first = find_solution(session, first_id)
            second = find_solution(session, second_id)
            _require_one_image(first, second)
            because = _causes(first, second)
            workspace = self.context.workspace
            (one, about_one), (other, about_other) = (
                wcs_or_like(workspace, solution) for solution in (first, second)
            )
            named = first.version.filename, first.wcs_name, second.wcs_name
        moved = difference(one, other)
        return WcsDifference(
            a=first_id,
            b=second_id,
            product=named[0],
            a_name=named[1],
            b_name=named[2],
            median_mas=moved.median_mas,
            max_mas=moved.max_mas,
            east_mas=moved.east_mas,
            north_mas=moved.north_mas,
            rotation_deg=moved.rotation_deg,
            scale=moved.scale,
            cause=list(because),
            because={cause.value: pair for cause, pair in because.items()},
            assumed="; ".join(filter(None, (about_one, about_other))) or None,
        )


def _require_one_image(first: AlignmentSolution, second: AlignmentSolution) -> None:
    one, other = first.version.product, second.version.product
    is_same_exposure = one.exposure_id is not None and one.exposure_id == other.exposure_id
    if one.id != other.id and not is_same_exposure:
        raise UsageError(
            f"Solutions {first.id} and {second.id} are of different images: {one.filename} and "
            f"{other.filename}.",
            advice="Compare two solutions of one exposure or product.",
        )


_Question = Callable[[AlignmentSolution], Any]


def _causes(first: AlignmentSolution, second: AlignmentSolution) -> dict[DiffCause, list[Any]]:
    """Find the differences in the rows behind two solutions, in the order of :class:`DiffCause`."""
    distorted = [
        distortion_of(one.wcs_kind, one.distortion, one.version.idctab) for one in (first, second)
    ]
    found = distortions_apart(*distorted)
    for cause, question in _QUESTIONS.items():
        pair = [question(one) for one in (first, second)]
        if pair[0] != pair[1] and (cause in _TELLING_ALONE or None not in pair):
            found[cause] = pair
    return found


#: Distortion model by the WCSNAME, and by the file's IDCTAB; None for one without any.
Distortion = tuple[str | None, str | None] | None


def distortion_of(kind: WcsKind, named: str | None, idctab: str | None) -> Distortion:
    """Distortion model of a solution, by name and IDCTAB; None when it has no distortion."""
    if kind is WcsKind.PIPELINE:
        return None
    return named, (idctab or "").removesuffix("_idc.fits") or None


def distortions_apart(one: Distortion, other: Distortion) -> dict[DiffCause, list[Any]]:
    """Return the cause IDCTAB, when names or IDCTABs of both solutions differ.

    An archive may bring a new IDCTAB under an old WCSNAME, and an alternate WCS keeps its
    name in a file with another IDCTAB.
    """
    if one is None or other is None:
        pair = [one and (one[0] or one[1]), other and (other[0] or other[1])]
        return {DiffCause.IDCTAB: pair} if pair[0] != pair[1] else {}
    for first, second in zip(one, other, strict=True):
        if first and second and first != second:
            return {DiffCause.IDCTAB: [first, second]}
    return {}


def _catalog(solution: AlignmentSolution) -> str | None:
    """Catalogue that was aligned to; None for the pointing of the telescope."""
    return solution.catalog.name if solution.catalog else solution.fit_catalog


def _epoch(solution: AlignmentSolution) -> float | None:
    """Epoch of the positions that were aligned to, where it is known."""
    used = _fit_parameters(solution).get("epochs")
    fitted = solution.source or solution
    if isinstance(used, Mapping) and fitted.version.filename in used:
        value = used[fitted.version.filename]
        return None if value is None else float(value)
    return solution.catalog.epoch if solution.catalog else None


def _software(solution: AlignmentSolution) -> list[str | None] | None:
    """Software that made the WCS: the versions in a file, or skydb and its drizzlepac.

    A headerlet file names none but that of the tool that wrote it.
    """
    version = solution.version
    if version.product.kind is ProductKind.HLET:
        return None
    if solution.origin in _FOUND:
        return [version.cal_ver, version.tool_version]
    activity = _fit(solution)
    packages = activity.environment.packages if activity.environment else {}
    return [f"skydb {activity.skydb_version}", f"drizzlepac {packages.get('drizzlepac', 'absent')}"]


def _input(solution: AlignmentSolution) -> str | None:
    """Checksum of the archive version that the solution's file goes back to."""
    if solution.version.product.kind is ProductKind.HLET:
        return None
    return solution.version.origin.sha256


def _parameters(solution: AlignmentSolution) -> dict[str, Any] | None:
    found = _fit_parameters(solution).get("tweakreg")
    return dict(found) if isinstance(found, Mapping) else None


def _fit(solution: AlignmentSolution) -> Activity:
    """The activity that fitted, behind whatever carried or restored the fit."""
    return _fit(solution.source) if solution.source else solution.activity


def _fit_parameters(solution: AlignmentSolution) -> dict[str, Any]:
    activity = _fit(solution)
    return activity.parameters if isinstance(activity, AlignmentRun) else {}


#: All but IDCTAB, which is compared in two ways.
_QUESTIONS: dict[DiffCause, _Question] = {
    DiffCause.CATALOGUE: _catalog,
    DiffCause.EPOCH: _epoch,
    DiffCause.SOFTWARE: _software,
    DiffCause.INPUT: _input,
    DiffCause.PARAMETERS: _parameters,
}

#: Here a missing value is a value: no catalogue.
_TELLING_ALONE = (DiffCause.CATALOGUE,)
