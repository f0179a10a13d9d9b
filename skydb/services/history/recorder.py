"""Conversion of plans to rows, in one transaction each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentSolution,
    Environment,
    Finding,
    HistoryImport,
    SkyValue,
    Stamp,
)
from skydb.domain.base import utc_now
from skydb.domain.jsontext import JsonText
from skydb.domain.logged import Columns, Recalled, activity_columns, sky_run_columns
from skydb.domain.sky import said_of_downgrade
from skydb.domain.solution import columns_logged
from skydb.domain.values import WcsName
from skydb.domain.vocabulary import ActivityKind, FindingKind, SolutionStatus
from skydb.services.history.groups import Groups
from skydb.services.history.plan import (
    AlignmentPlan,
    FitPlan,
    Note,
    Plan,
    SkyPlan,
    Software,
    tool_of,
)
from skydb.services.history.roster import Roster
from skydb.services.history.rounds import Round
from skydb.services.history.rows import Rows, RunRow
from skydb.services.history.twins import Results

_UNKNOWN = "unknown"
#: Runs whose fits are read with one question.
_ASKED_TOGETHER = 500
#: Properties by which one fit repeats another.
_REPEATED = (
    *(AlignmentSolution.id, AlignmentSolution.activity_id, AlignmentSolution.product_id),
    *(AlignmentSolution.status, AlignmentSolution.repeats_id, AlignmentSolution.fit_geometry),
    *(AlignmentSolution.nmatches, AlignmentSolution.dx_pix, AlignmentSolution.dy_pix),
)
#: Numbers that a plan may have.
_NO_NUMBERS = dict.fromkeys(
    (
        *("fit_geometry", "nmatches", "dx_pix", "dy_pix", "rotation_deg", "scale"),
        *("x_rms_pix", "y_rms_pix", "rms_ra_mas", "rms_dec_mas"),
    )
)
_WCSNAME, _REFERENCE, _PYTHON = 80, 255, 16


@dataclass
class Recorder:
    """Makes rows of runs that were made without skydb, which are written together.

    What a transaction names is kept in memory, so that queries need no flush: with a flush
    for each query, runs take four times as long.

    Parameters
    ----------
    session : Session
        The transaction.
    importing : HistoryImport
        What reads the logs.
    numbers : dict of str to int
        Keys of products by filename, of transactions before this one.
    """

    session: Session
    importing: HistoryImport
    numbers: dict[str, int] = field(default_factory=dict)
    _environments: dict[str, Environment] = field(default_factory=dict, init=False)
    _software: dict[tuple[object, ...], Environment] = field(default_factory=dict, init=False)
    _groups: Groups = field(init=False)
    _rows: Rows = field(default_factory=Rows, init=False)
    _roster: Roster = field(init=False)
    _stamp: Stamp = field(init=False)

    def __post_init__(self) -> None:
        self._roster = Roster(self.session, self._rows)
        self._stamp = Stamp(self.importing.agent, self.importing.skydb_version)
        self._groups = Groups(self.session, self._rows)

    def expect(self, plans: Iterable[Plan], rounds: Iterable[Round] = ()) -> None:
        """Ask the database once for what many plans name, and for the groups of rounds."""
        self._groups.look_up(rounds)
        rootnames: set[str] = set()
        filenames: set[str] = set()
        for plan in plans:
            if isinstance(plan, SkyPlan):
                rootnames.update(plan.exposures)
            elif isinstance(plan, AlignmentPlan):
                filenames.update(fit.product for fit in plan.fits)
        self._roster.look_up(rootnames, filenames - self.numbers.keys())

    def sky_run(self, plan: SkyPlan, round_: Round, log_path: str | None) -> RunRow:
        """A sky run with its values, in the group of its round."""
        exposures = self._roster.exposures(plan.exposures)
        own = sky_run_columns(plan.requested, plan.effective, plan.source.identity)
        run = self._begin(ActivityKind.SKY_RUN, plan, own, log_path)
        run.group = self._groups.of(round_)
        if own["downgraded"]:
            run.downgrade = said_of_downgrade(plan.requested, plan.effective)
        for level in plan.levels if plan.error is None else ():
            line = plan.lines.get((level.rootname, level.extver))
            self._rows.value(run, exposures[level.rootname], SkyValue.logged(level, line))
        return run

    def alignment(self, plan: AlignmentPlan, log_path: str | None) -> RunRow:
        """An alignment run with its fits."""
        own = {"reference": (plan.reference or "")[:_REFERENCE] or None}
        run = self._begin(ActivityKind.ALIGNMENT, plan, own, log_path)
        known = self.numbers
        new = self._roster.products(fit.product for fit in plan.fits if fit.product not in known)
        for fit in plan.fits:
            product = known.get(fit.product) or new[fit.product]
            self._rows.fit(run, product, _columns(fit, run))
        return run

    def settle(self) -> None:
        """Remember the keys of products, once the transaction is committed."""
        self.numbers |= self._roster.numbers

    def write(self) -> None:
        """Write all that waits.

        Raises
        ------
        RowRefusedError
            When a column has no room for a value.
        """
        self._rows.write(self.session)

    def link_repeats(self, run_ids: Sequence[int]) -> None:
        """Link every fit that was applied to the dry run that found the same numbers before.

        Parameters
        ----------
        run_ids : sequence of int
            Alignment runs of one directory, in the order of time.
        """
        dry: dict[tuple[object, ...], int] = {}
        links = []
        for start in range(0, len(run_ids), _ASKED_TOGETHER):
            for fit in self._fits_of(run_ids[start : start + _ASKED_TOGETHER]):
                numbers = _numbers_of(fit)
                if fit.status is SolutionStatus.PROPOSED:
                    dry[numbers] = fit.id
                elif numbers in dry and fit.repeats_id != dry[numbers]:
                    links.append({"id": fit.id, "repeats_id": dry[numbers]})
        if links:
            self.session.execute(update(AlignmentSolution), links)

    def _fits_of(self, run_ids: Sequence[int]) -> list[Row[Any]]:
        """Applied and proposed fits of some runs, in the order of the runs."""
        statuses = (SolutionStatus.APPLIED, SolutionStatus.PROPOSED)
        asked = select(*_REPEATED).where(
            AlignmentSolution.activity_id.in_(run_ids), AlignmentSolution.status.in_(statuses)
        )
        place = {run_id: place for place, run_id in enumerate(run_ids)}
        fits: Sequence[Any] = self.session.execute(asked).all()
        return sorted(fits, key=lambda fit: (place[fit.activity_id], fit.id))

    def results_of(self, run: RunRow | int) -> tuple[int, Results]:
        """Number and results of a run that is recorded, which may wait to be written."""
        if not isinstance(run, int) and not run.id:
            self.write()
        number = run if isinstance(run, int) else run.id
        return number, Results.of_row(self.session.get_one(Activity, number))

    def replace(self, earlier_id: int, run: RunRow, why: str) -> None:
        """Let a run take the place of the same one, of which less was read before."""
        self.write()
        earlier = self.session.get_one(Activity, earlier_id)
        earlier.deleted_at = utc_now()
        said = f"was read before as run {earlier_id}, {why}."
        kept = self.session.get_one(Activity, run.id)
        kept.notice(FindingKind.CONTRADICTION, f"run {run.id}", said)
        for new in kept.solutions:
            new.supersede(old for old in earlier.solutions if old.product is new.product)

    def notice_once(self, notes: Iterable[Note]) -> None:
        """Record problems that belong to no run, unless an earlier import has."""
        for note in notes:
            same = (
                select(Finding.id)
                .join(Activity, Activity.id == Finding.activity_id)
                .where(
                    Activity.kind == ActivityKind.IMPORT,
                    Finding.kind == note.kind,
                    Finding.subject == note.subject,
                    Finding.message == note.message,
                )
            )
            if self.session.scalars(same).first() is None:
                self.importing.notice(note.kind, note.subject, note.message)

    def _begin(self, kind: ActivityKind, plan: Plan, own: Columns, log_path: str | None) -> RunRow:
        tool = tool_of(plan)
        times = (plan.started_at, plan.finished_at)
        given = plan.parameters
        written = given if isinstance(given, JsonText) else JsonText.of(given)
        ran = Recalled(kind, written, *times, tool, plan.error)
        columns = activity_columns(ran, self._stamp)
        # A run with a remark ended so, without having failed.
        columns["error"] = plan.error if plan.error is not None else plan.remark
        columns["log_path"] = log_path
        columns["imported_by_id"] = self.importing.id
        run = RunRow(columns, own, self._environment(plan.software))
        for note in plan.notes:
            run.notice(note.kind, note.subject, note.message)
        self._rows.run(run)
        return run

    def _environment(self, software: Software) -> Environment | None:
        if software.python_version is None and not software.packages:
            return None
        python = (software.python_version or _UNKNOWN)[:_PYTHON]
        same_software = (python, *software.packages.items())
        known = self._software.get(same_software)
        if known is None:
            known = self._software[same_software] = self._environment_of(python, software)
        return known

    def _environment_of(self, python: str, software: Software) -> Environment:
        fingerprint = Environment.fingerprint_of(python, _UNKNOWN, software.packages)
        if fingerprint not in self._environments:
            same = select(Environment).where(Environment.fingerprint == fingerprint)
            with self.session.no_autoflush:
                found = self.session.scalars(same).first()
            new = found or Environment(python, _UNKNOWN, software.packages)
            self.session.add(new)
            self._environments[fingerprint] = new
        return self._environments[fingerprint]


def _columns(fit: FitPlan, run: RunRow) -> Columns:
    """Columns of a fit, but for those of what it belongs to."""
    name = WcsName.parse(fit.wcs_name[:_WCSNAME])
    return {
        **columns_logged(run, name, fit.status),
        "reason": fit.reason,
        "read_from": dict(fit.origins) or None,
        "applied_at": run.finished_at if fit.status is SolutionStatus.APPLIED else None,
        **_NO_NUMBERS,
        **fit.numbers,
    }


def _numbers_of(fit: Row[Any]) -> tuple[object, ...]:
    """Numbers that are the same for a fit and its repetition, as exactly as logs print them.

    The number of matches and the shift are; the shift file has more digits than the log.
    """
    shift = tuple(None if n is None else round(n, 3) for n in (fit.dx_pix, fit.dy_pix))
    return fit.product_id, fit.fit_geometry, fit.nmatches, *shift
