"""History of exposures: their skies by each method, and their alignments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution, ProductVersion, SkyRun
from skydb.domain.vocabulary import SkyMethod, SolutionOrigin, SolutionStatus
from skydb.errors import NotFoundError, UsageError
from skydb.services.comparison.moves import Pointings
from skydb.services.comparison.pairing import by_date
from skydb.services.comparison.zeros import Zero, zeros_of_runs
from skydb.store import comparison_queries as selects
from skydb.store import version_queries
from skydb.store.comparison_queries import Content, Named, Value
from skydb.store.scope import Scope
from skydb.store.unit_of_work import Store

_MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)


class Quantity(StrEnum):
    """Quantity of one point of a timeline."""

    SKY = "mdrizsky"
    """Sky of one chip in one run."""
    RMS_RA = "rms_ra"
    """RMS of a fit in right ascension."""
    RMS_DEC = "rms_dec"
    """RMS of a fit in declination."""
    SHIFT = "shift"
    """Median shift against the previous active WCS."""
    NO_FIT = "no-fit"
    """A fit that failed; it has no value."""


@dataclass(frozen=True, slots=True)
class TimePoint:
    """One value at one time.

    Parameters
    ----------
    quantity : Quantity
        What it is.
    subject : str
        Rootname, or file name of a drizzled product.
    extver : int or None
        Chip, of a sky value.
    at : str or None
        When, ISO 8601 in UTC: start of the run; or when a WCS was applied, fitted or, of the
        archive, recorded. None when a log does not say.
    value : float or None
        In ``unit``, on ``zero``.
    recorded : float or None
        The same as it was recorded: MDRIZSKY of a header, of which that of match has a zero of
        its own in each run.
    zero : str or None
        The run on whose zero the value stands, of values that are offsets; of all runs that
        have chips in common it is the first.
    unit : str or None
        Unit of the image, or mas.
    method : SkyMethod or None
        Method that really ran.
    run : int
        The sky run, or whatever brought the solution.
    solution : int or None
        The solution, as in `align history`.
    version : int or None
        Version of the file; None when it is known from a log only.
    label : str or None
        CAL_VER and IDCTAB of that version, or WCSNAME.
    tool_version : str or None
        What computed it.
    downgraded : bool or None
        Whether another method than this was asked for.
    is_imported : bool
        Whether it is from the log of a run without skydb.
    replay_of : int or None
        The run that this one repeats.
    status : str or None
        Of the solution.
    sigma : float or None
        Standard deviation of a sky value; None where it is not known.
    observed : str or None
        When the exposure began, or the first one of a product, ISO 8601 in UTC; None when no
        file says so.
    """

    quantity: Quantity
    subject: str
    extver: int | None
    at: str | None
    value: float | None
    recorded: float | None
    zero: str | None
    unit: str | None
    method: SkyMethod | None
    run: int
    solution: int | None
    version: int | None
    label: str | None
    tool_version: str | None
    downgraded: bool | None
    is_imported: bool
    replay_of: int | None
    status: str | None
    sigma: float | None = None
    observed: str | None = None


@dataclass(frozen=True)
class TimelineService:
    """Puts in order of time what the ledger has of exposures; reads, never writes."""

    store: Store

    def timeline(self, scope: Scope, *, replays: bool = False) -> list[TimePoint]:
        """All points of some exposures and of the products made of them, in order of time.

        Parameters
        ----------
        scope : Scope
            Which exposures.
        replays : bool
            Also runs that repeat another one.

        Raises
        ------
        NotFoundError
            When there are no such exposures, or nothing ever happened to them.
        UsageError
            When everything is asked for.
        """
        if scope.is_everything:
            raise UsageError(
                "A timeline is of an exposure or of a visit.",
                advice="Give --exposure or --visit, or another selection.",
            )
        with self.store.reading() as session:
            points = [*_skies(session, scope), *_alignments(session, scope)]
        points = [point for point in points if replays or point.replay_of is None]
        if not points:
            raise NotFoundError(
                f"Nothing was run on {scope.label}.", advice="Start with `skydb ingest`."
            )
        return sorted(points, key=_place)


def _place(point: TimePoint) -> tuple[str, str, str, int, int]:
    return (point.quantity, point.at or "", point.subject, point.extver or 0, point.run)


def _skies(session: Session, scope: Scope) -> Iterable[TimePoint]:
    exposures = scope.exposure_ids(session)
    values = list(selects.values_of_exposures(session, exposures))
    runs = {run.id: run for run in selects.runs_with_ids(session, {v.run_id for v in values})}
    names = selects.names_of(session, exposures)
    contents = selects.contents_of(session, {v.version_id for v in values if v.version_id})
    relative = [run.id for run in by_date(runs.values()) if run.effective_method is SkyMethod.MATCH]
    zeros = zeros_of_runs(session, relative)
    admitted = _admitted(session, scope, contents)
    for value in values:
        if value.run_id in runs and (admitted is None or value.version_id in admitted):
            content = contents.get(value.version_id or 0)
            zero = zeros.get(value.run_id)
            yield _sky(value, runs[value.run_id], names[value.exposure_id], content, zero)


def _admitted(session: Session, scope: Scope, versions: Iterable[int]) -> set[int] | None:
    """Versions of the flavour and time of a scope; None where it does not restrict them."""
    if not scope.restricts_files:
        return None
    return version_queries.admitted(session, scope, versions)


def _sky(
    value: Value, run: SkyRun, named: Named, content: Content | None, zero: Zero | None
) -> TimePoint:
    level = value.mdrizsky
    return TimePoint(
        quantity=Quantity.SKY,
        subject=named.rootname,
        extver=value.extver,
        at=_iso(run.started_at),
        value=level + zero.shift if zero and level is not None else level,
        recorded=level,
        zero=str(zero) if zero else None,
        sigma=value.mdrizsky_sigma,
        observed=_date_of(named.expstart_mjd),
        unit=value.unit.value if value.unit else None,
        method=run.effective_method,
        run=run.id,
        solution=None,
        version=content.number if content else None,
        label=_described(content),
        tool_version=run.tool_version,
        downgraded=run.downgraded,
        is_imported=run.imported_by_id is not None,
        replay_of=run.replay_of_id,
        status=None,
    )


def _described(content: Content | None) -> str | None:
    if content is None:
        return None
    said = (("CAL_VER", content.cal_ver), ("IDCTAB", content.idctab))
    return ", ".join(f"{card} {text}" for card, text in said if text) or None


def _alignments(session: Session, scope: Scope) -> Iterable[TimePoint]:
    products = version_queries.products_in(session, scope)
    every = version_queries.fits_and_primaries(session, products)
    admitted = _admitted(session, scope, [one.version_id for one in every if one.version_id])
    found = [one for one in every if admitted is None or one.version_id in admitted]
    shifts = _shifts(session, found)
    drizzled = [one.product_id for one in found if one.product.exposure is None]
    starts = selects.first_starts(session, drizzled)
    for solution in found:
        rms = {
            Quantity.RMS_RA: solution.rms_ra_mas,
            Quantity.RMS_DEC: solution.rms_dec_mas,
            Quantity.SHIFT: shifts.get(solution.id),
        }
        for quantity, value in rms.items():
            if value is not None:
                yield _alignment(quantity, value, solution, starts)
        if solution.status is SolutionStatus.FAILED:
            yield _alignment(Quantity.NO_FIT, None, solution, starts)


def _shifts(session: Session, solutions: Sequence[AlignmentSolution]) -> dict[int, float]:
    """Median shift of every active WCS against the one of the version before."""
    in_force: dict[int, dict[int, int]] = defaultdict(dict)
    for solution in solutions:
        version = _stands_in(solution)
        if version is not None:
            in_force[solution.product_id][version.number] = version.id
    ids = {key for versions in in_force.values() for key in versions.values()}
    pointings = Pointings.of(session, ids)
    found = {}
    for versions in in_force.values():
        for before, after in pairwise(versions[number] for number in sorted(versions)):
            moved = pointings.moved(before, after)
            if moved is not None:
                found[pointings.solutions[after].id] = moved.median_mas
    return found


def _alignment(
    quantity: Quantity,
    value: float | None,
    solution: AlignmentSolution,
    starts: Mapping[int, float],
) -> TimePoint:
    version, activity = _stands_in(solution), solution.activity
    exposure = solution.product.exposure
    start = exposure.expstart_mjd if exposure else starts.get(solution.product_id)
    return TimePoint(
        quantity=quantity,
        subject=exposure.rootname if exposure else solution.product.filename,
        extver=None,
        at=_iso(_came_at(solution)),
        value=value,
        recorded=value,
        zero=None,
        unit=None if value is None else "mas",
        method=None,
        run=activity.id,
        solution=solution.id,
        version=version.number if version else None,
        label=solution.wcs_name,
        tool_version=activity.tool_version,
        downgraded=None,
        is_imported=activity.imported_by_id is not None,
        replay_of=activity.parameters.get("replay_of"),
        status=solution.status.value,
        observed=_date_of(start),
    )


def _stands_in(solution: AlignmentSolution) -> ProductVersion | None:
    """The version that has a solution as its primary WCS, if any has."""
    if solution.applied_version is not None:
        return solution.applied_version
    return solution.known_version if solution.wcs_key == " " else None


def _came_at(solution: AlignmentSolution) -> datetime | None:
    """Time of a solution, if it is known."""
    known = solution.applied_at or solution.fitted_at
    if known is None and solution.origin is SolutionOrigin.ARCHIVE:
        return solution.recorded_at
    return known or solution.activity.started_at


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _date_of(mjd: float | None) -> str | None:
    return None if mjd is None else (_MJD_ZERO + timedelta(days=mjd)).isoformat()
