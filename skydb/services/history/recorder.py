"""From plans to rows, in one transaction each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from skydb.domain import (
    Activity,
    AlignmentRun,
    AlignmentSolution,
    Environment,
    Exposure,
    Finding,
    HistoryImport,
    Product,
    SkyRun,
    SkyRunGroup,
    SkyValue,
    Stamp,
    Visit,
)
from skydb.domain.base import utc_now
from skydb.domain.values import Rootname, SkyLevel, WcsName
from skydb.domain.vocabulary import ActivityKind, FindingKind, SolutionStatus
from skydb.files.names import product_named
from skydb.services.history.plan import AlignmentPlan, FitPlan, Note, Plan, SkyPlan, Software
from skydb.services.history.rounds import round_fingerprint

E = TypeVar("E")

_UNKNOWN = "unknown"
_LABEL, _WCSNAME, _TOOL, _REFERENCE, _PYTHON = 120, 80, 64, 255, 16


@dataclass
class Recorder:
    """Writes runs that were made without skydb, each in one flush.

    What a transaction has met is remembered, so that nothing that waits to be written has
    to be written for a question: with a flush for each question, runs take four times as long.

    Parameters
    ----------
    session : Session
        The transaction.
    importing : HistoryImport
        What reads the logs.
    """

    session: Session
    importing: HistoryImport
    _known: dict[str, Exposure] = field(default_factory=dict, init=False)
    _seen: dict[tuple[str, str], Visit] = field(default_factory=dict, init=False)
    _products: dict[str, Product] = field(default_factory=dict, init=False)
    _environments: dict[str, Environment] = field(default_factory=dict, init=False)
    _groups: dict[str, SkyRunGroup] = field(default_factory=dict, init=False)

    def sky_run(self, plan: SkyPlan, round_: Sequence[SkyPlan], log_path: str | None) -> int:
        """Record a sky run with its values, in the group of its round."""
        exposures = self._exposures(plan.exposures)
        run = SkyRun(
            self._group(round_),
            plan.requested,
            plan.parameters,
            self._stamp(plan.software),
            recipe_hash=plan.source.identity,
        )
        self._begin(run, plan, log_path)
        levels = plan.levels if plan.error is None else ()
        values = [_value(exposures[level.rootname], level, plan) for level in levels]
        run.recall_values(values, plan.effective)
        self.session.flush()
        return run.id

    def alignment(self, plan: AlignmentPlan, log_path: str | None) -> int:
        """Record an alignment run with its fits."""
        reference = (plan.reference or "")[:_REFERENCE]
        run = AlignmentRun(reference, plan.parameters, self._stamp(plan.software))
        run.reference = reference or None
        self._begin(run, plan, log_path)
        products = self._products_called(fit.product for fit in plan.fits)
        for fit in plan.fits:
            self._solution(run, fit, products[fit.product])
        self.session.flush()
        return run.id

    def link_repeats(self, run_ids: Sequence[int]) -> None:
        """Link every fit that was applied to the dry run that found the same numbers before.

        Parameters
        ----------
        run_ids : sequence of int
            Alignment runs of one directory, in the order of time.
        """
        dry: dict[tuple[object, ...], AlignmentSolution] = {}
        for run_id in run_ids:
            for solution in self.session.get_one(AlignmentRun, run_id).solutions:
                if solution.status is SolutionStatus.PROPOSED:
                    dry[_numbers_of(solution)] = solution
                earlier = dry.get(_numbers_of(solution))
                if solution.status is SolutionStatus.APPLIED and earlier is not None:
                    solution.repeats = earlier

    def replace(self, earlier_id: int, run_id: int) -> None:
        """Let a run take the place of the same one, read when its log ended in the middle."""
        earlier = self.session.get_one(Activity, earlier_id)
        run = self.session.get_one(Activity, run_id)
        earlier.deleted_at = utc_now()
        said = f"was read before as run {earlier_id}, when its log ended in the middle of it."
        run.notice(FindingKind.CONTRADICTION, f"run {run_id}", said)
        for new in run.solutions:
            new.supersede(old for old in earlier.solutions if old.product is new.product)

    def notice_once(self, notes: Iterable[Note]) -> None:
        """Keep what no run is to be blamed for, unless an earlier import has."""
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

    def _group(self, round_: Sequence[SkyPlan]) -> SkyRunGroup:
        """The group of a round: that of a run of it that is known, else a new one."""
        fingerprint = round_fingerprint(round_)
        if fingerprint not in self._groups:
            self._groups[fingerprint] = self._find_group(round_, fingerprint)
        return self._groups[fingerprint]

    def _find_group(self, round_: Sequence[SkyPlan], fingerprint: str) -> SkyRunGroup:
        identities = [plan.source.identity for plan in round_]
        of_known = (
            select(SkyRunGroup)
            .join(SkyRun, SkyRun.group_id == SkyRunGroup.id)
            .where(SkyRun.recipe_hash.in_(identities))
            .order_by(SkyRun.id)
        )
        same = select(SkyRunGroup).where(SkyRunGroup.fingerprint == fingerprint)
        found = [*self._asked(of_known), *self._asked(same)]
        if found:
            return found[0]
        first = round_[0]
        label = f"{first.source.path.parent.name}, {len(first.exposures)} exposures"
        return SkyRunGroup(fingerprint, label[-_LABEL:])

    def _begin(self, run: Activity, plan: Plan, log_path: str | None) -> None:
        tool = (plan.software.tool_version or "")[:_TOOL] or None
        run.recall(self.importing, plan.started_at, plan.finished_at, tool, plan.error)
        if plan.error is None and plan.remark is not None:
            run.error = plan.remark  # It ended so, without having failed.
        run.log_path = log_path
        self.session.add(run)
        for note in plan.notes:
            run.notice(note.kind, note.subject, note.message)

    def _stamp(self, software: Software) -> Stamp:
        environment = self._environment(software)
        return Stamp(self.importing.agent, self.importing.skydb_version, environment)

    def _environment(self, software: Software) -> Environment | None:
        if software.python_version is None and not software.packages:
            return None
        python = (software.python_version or _UNKNOWN)[:_PYTHON]
        fingerprint = Environment.fingerprint_of(python, _UNKNOWN, software.packages)
        if fingerprint not in self._environments:
            same = select(Environment).where(Environment.fingerprint == fingerprint)
            found = next(iter(self._asked(same)), None)
            new = found or Environment(python, _UNKNOWN, software.packages)
            self._environments[fingerprint] = new
        return self._environments[fingerprint]

    def _exposures(self, rootnames: Iterable[str]) -> dict[str, Exposure]:
        """Exposures by rootname; those that are not in the ledger are known from the log."""
        texts = set(rootnames)
        unknown = [Rootname(text) for text in sorted(texts - self._known.keys())]
        if unknown:
            missing = {name.text for name in unknown}
            found = self._asked(select(Exposure).where(Exposure.rootname.in_(missing)))
            self._known |= {exposure.rootname: exposure for exposure in found}
            new = [name for name in unknown if name.text not in self._known]
            visits = self._visits(new)
            for name in new:
                exposure = Exposure(visits[name.program, name.visit_number], name)
                self._known[name.text] = exposure
                self.session.add(exposure)
        return {text: self._known[text] for text in texts}

    def _visits(self, names: Iterable[Rootname]) -> dict[tuple[str, str], Visit]:
        keys = {(name.program, name.visit_number) for name in names}
        unknown = keys - self._seen.keys()
        if unknown:
            same = select(Visit).where(tuple_(Visit.program, Visit.number).in_(unknown))
            found = self._asked(same)
            self._seen |= {(visit.program, visit.number): visit for visit in found}
            for key in sorted(unknown - self._seen.keys()):
                self._seen[key] = Visit(*key)
                self.session.add(self._seen[key])
        return {key: self._seen[key] for key in keys}

    def _products_called(self, filenames: Iterable[str]) -> dict[str, Product]:
        """Products by the names of their files; those that are not in the ledger are new."""
        names = dict.fromkeys(filenames)
        unknown = [name for name in names if name not in self._products]
        if unknown:
            same = select(Product).where(Product.filename.in_(unknown)).order_by(Product.id.desc())
            self._products |= {product.filename: product for product in self._asked(same)}
        for name in unknown:
            if name not in self._products:
                self._products[name] = self._new_product(name)
        return {name: self._products[name] for name in names}

    def _new_product(self, filename: str) -> Product:
        rootname, kind = product_named(filename)
        exposure = None if kind.is_combined else self._exposures([rootname.text])[rootname.text]
        key = (rootname.program, rootname.visit_number)
        visit = exposure.visit if exposure else self._visits([rootname])[key]
        product = Product.logged(filename, kind, visit, exposure)
        self.session.add(product)
        return product

    def _asked(self, question: Select[E]) -> Sequence[E]:
        """Answer of the database, of what was written; the rest is remembered here."""
        with self.session.no_autoflush:
            return self.session.scalars(question).all()

    def _solution(self, run: AlignmentRun, fit: FitPlan, product: Product) -> None:
        name = WcsName.parse(fit.wcs_name[:_WCSNAME])
        solution = AlignmentSolution.logged(product, run, name, fit.status)
        solution.reason = fit.reason
        solution.read_from = dict(fit.origins) or None
        for column, value in fit.numbers.items():
            setattr(solution, column, value)
        if fit.status is SolutionStatus.APPLIED:
            solution.applied_at = run.finished_at


def _value(exposure: Exposure, level: SkyLevel, plan: SkyPlan) -> SkyValue:
    value = SkyValue(exposure, level)
    value.log_line = plan.lines.get((level.rootname, level.extver))
    return value


def _numbers_of(fit: AlignmentSolution) -> tuple[object, ...]:
    """What is the same of two fits when one repeats the other, as exactly as logs print it.

    The number of matches and the shift are; the shift file has more digits than the log.
    """
    shift = tuple(None if n is None else round(n, 3) for n in (fit.dx_pix, fit.dy_pix))
    return fit.product_id, fit.fit_geometry, fit.nmatches, *shift
