"""``history import``: runs made without skydb, recorded from what they left."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from skydb.domain import HistoryImport
from skydb.domain.vocabulary import FindingKind
from skydb.errors import FileRejectedError, NotFoundError, RowRefusedError
from skydb.files.checksum import sha256_of
from skydb.files.names import is_utf8, shown_path
from skydb.services.core import Context
from skydb.services.history.foundfits import FoundFits
from skydb.services.history.foundskies import FoundSkies
from skydb.services.history.outcome import (
    HistoryKind,
    HistoryOutcome,
    HistoryStatus,
    outcome_of,
)
from skydb.services.history.packing import FoundSky
from skydb.services.history.plan import AlignmentPlan, Note, Plan, SkyPlan
from skydb.services.history.productplan import disagreements, product_plan, writer_of
from skydb.services.history.recorder import Recorder
from skydb.services.history.register import Register
from skydb.services.history.rounds import Round, in_order, rounds_of
from skydb.services.history.rows import RunRow
from skydb.services.history.search import Found, Unused, files_below, look_at
from skydb.services.history.twins import Likeness, Results

if TYPE_CHECKING:
    from skydb.files.hdrtab import DrizzledProduct

P = TypeVar("P", bound=Plan)

_BAD_CHARACTERS = re.compile(r"[/\\\x00-\x1f\x7f]")
_LONGEST_NAME = 60
#: Runs that are recorded in one transaction, and written at its end.
_TOGETHER = 100


@dataclass(frozen=True)
class HistoryService:
    """Reads logs and products where they are, keeps copies of the evidence, changes nothing."""

    context: Context

    def import_dirs(self, directories: Sequence[Path]) -> list[HistoryOutcome]:
        """Record every run that left something below some directories.

        A run that was recorded before is recognised by its text and not repeated. Unreadable
        files are left out, reported and recorded as findings; the rest continues.

        Parameters
        ----------
        directories : sequence of Path
            Each is searched with all below it, but for what skydb itself keeps there. A file
            is read alone, with the shift and match files beside it that its runs wrote.

        Returns
        -------
        list of HistoryOutcome
            For each directory alignments, sky runs and products, each in the order of time,
            then files that could not be used.

        Raises
        ------
        NotFoundError
            When one of them does not exist; nothing is imported then.
        FileRejectedError
            When the path of one cannot be recorded.
        """
        for directory in directories:
            if not (directory.is_dir() or directory.is_file()):
                raise NotFoundError(
                    f"{directory} is neither a directory nor a file."
                    if directory.exists()
                    else f"There is no directory or file {directory}.",
                    advice="Give a log, or the directory that the logs are in.",
                )
            if not is_utf8(directory.resolve()):
                raise FileRejectedError(directory, "its path is not UTF-8", advice="Rename it.")
        return [outcome for one in dict.fromkeys(directories) for outcome in self._import(one)]

    def _import(self, directory: Path) -> list[HistoryOutcome]:
        asked = {"directory": str(directory.resolve())}
        activity_id = self.context.begin(lambda _, stamp: HistoryImport(asked, stamp))
        with self.context.guarded(HistoryImport, activity_id):
            batch = _Batch(self.context, activity_id)
            with closing(FoundFits()) as fits, closing(FoundSkies()) as skies:
                found = Found(fits, skies, batch.checkpoints)
                self._search(directory, found)
                outcomes = self._record(batch, found)
            with self.context.closing(HistoryImport, activity_id) as (_, activity):
                activity.parameters = {**asked, "runs": _counts(outcomes)}
        self.context.store.count_visits()
        return [replace(outcome, directory=str(directory)) for outcome in outcomes]

    def _search(self, directory: Path, found: Found) -> None:
        files = files_below(directory, self.context.workspace.root)
        self.context.progress.begin("Reading files", len(files))
        for path in files:
            look_at(path, found)
            self.context.progress.advance()
        self.context.progress.end()

    def _record(self, batch: _Batch, found: Found) -> list[HistoryOutcome]:
        self.context.progress.begin("Recording runs", len(found.fits) + len(found.skies))
        outcomes = batch.alignments(found.fits)
        outcomes += batch.rounds(found.skies)
        logged = in_order(found.skies)
        outcomes += [batch.product(product, found.skies, logged) for product in found.products]
        unused = found.unused + found.strays(path.parent for path in found.fits.paths)
        outcomes += [batch.unused(one) for one in unused]
        self.context.progress.end()
        return outcomes


@dataclass(frozen=True, slots=True)
class _Task:
    """A plan to record; a sky run has its round."""

    plan: Plan
    round: Round | None = None


@dataclass(frozen=True, slots=True)
class _Met:
    """A plan and the run that it is, which may wait to be written."""

    plan: Plan
    run: RunRow | int
    is_new: bool
    kind: HistoryKind
    notes: Sequence[Note] = ()

    @property
    def outcome(self) -> HistoryOutcome:
        """Result of the plan, when the run is written."""
        run_id = self.run if isinstance(self.run, int) else self.run.id
        return outcome_of(self.plan, run_id, is_new=self.is_new, kind=self.kind, notes=self.notes)


class _Batch:
    """Records one plan after the other, some in a transaction."""

    def __init__(self, context: Context, activity_id: int) -> None:
        self._context = context
        self._activity_id = activity_id
        self._kept: dict[Path, str] = {}
        self._recording: Recorder | None = None
        self._numbers: dict[str, int] = {}
        with context.store.reading() as session:
            self._register = Register.read(session)

    @property
    def checkpoints(self) -> frozenset[int]:
        """See :class:`Register`."""
        return self._register.checkpoints

    def alignments(self, found: FoundFits) -> list[HistoryOutcome]:
        """Record alignments in the order of time, and link those that repeat a dry run."""
        tasks = (_Task(plan) for plan in found.plans())
        outcomes = self._together(tasks, self._alignment)
        homes: dict[Path, list[int]] = {}
        for path, outcome in zip(found.paths, outcomes, strict=True):
            if outcome.run is not None:
                homes.setdefault(path.parent, []).append(outcome.run)
        if any(outcome.status is HistoryStatus.NEW for outcome in outcomes):
            with self._recorder() as recorder:
                for run_ids in homes.values():
                    recorder.link_repeats(run_ids)
        return outcomes

    def _alignment(self, task: _Task) -> _Met:
        plan = task.plan
        assert isinstance(plan, AlignmentPlan)
        self._context.progress.advance()
        plan, run = self._known(plan)
        assert isinstance(plan, AlignmentPlan)
        is_new = run is None
        if run is None:
            log = self._keep(plan.source.path)
            if plan.evidence:
                evidence = {path.name: self._keep(path) for path in plan.evidence}
                plan = replace(plan, parameters={**plan.facts, "evidence": evidence})
            run = self._add(plan, lambda recorder: recorder.alignment(plan, log))
        return _Met(plan, run, is_new, HistoryKind.ALIGNMENT)

    def rounds(self, found: FoundSkies) -> list[HistoryOutcome]:
        """Record sky runs in the order of time, each in its group."""
        homes = {one.place: round_ for round_ in rounds_of(found) for one in round_}
        tasks = (_Task(found.plan(one), homes[one.place]) for one in in_order(found))
        return self._together(tasks, lambda task: self._sky(task, HistoryKind.SKY_RUN))

    def _together(
        self, tasks: Iterable[_Task], record: Callable[[_Task], _Met]
    ) -> list[HistoryOutcome]:
        """Record plans in order, some of them in each transaction."""
        outcomes: list[HistoryOutcome] = []
        rest = iter(tasks)
        while block := list(islice(rest, _TOGETHER)):
            outcomes += self._block(block, record)
            # Entities refer to each other, and those of many blocks would wait for a collection.
            gc.collect(1)
        return outcomes

    def _block(
        self, block: Sequence[_Task], record: Callable[[_Task], _Met]
    ) -> list[HistoryOutcome]:
        """Record plans in one transaction; each in its own when the row of one is refused."""
        try:
            with self._recorder() as self._recording:
                rounds = [task.round for task in block if task.round is not None]
                self._recording.expect([task.plan for task in block], rounds)
                met = [record(task) for task in block]
                return self._written(self._recording, met)
        except RowRefusedError as error:
            refused = error
        finally:
            self._recording = None
        with self._context.store.reading() as session:
            self._register = Register.read(session)
        if len(block) == 1:
            source = block[0].plan.source
            where = f"its run of line {source.first_line}"
            return [self.unused(Unused(source.path, f"{where} cannot be kept: {refused.reason}"))]
        return [outcome for task in block for outcome in self._block([task], record)]

    def _written(self, recorder: Recorder, met: Sequence[_Met]) -> list[HistoryOutcome]:
        """Write what waits; what became of each plan."""
        recorder.write()
        self._register.settle()
        return [one.outcome for one in met]

    def product(
        self, product: DrizzledProduct, found: FoundSkies, logged: Sequence[FoundSky]
    ) -> HistoryOutcome:
        """Record the run that made a product; compare it with the log of that run."""
        plan = product_plan(product)
        last = writer_of(product, logged)
        writer = None if last is None else found.plan(last)
        run = None if writer is None else self._register.run_of(writer)
        if writer is None or run is None:
            alone = _Task(plan, [FoundSky.of(plan)])
            return self._together([alone], lambda task: self._sky(task, HistoryKind.PRODUCT))[0]
        notes = disagreements(product, writer)
        with self._recorder() as recorder:
            recorder.notice_once(notes)
        return _Met(plan, run, False, HistoryKind.PRODUCT, notes).outcome

    def unused(self, file: Unused) -> HistoryOutcome:
        """Remember a file that could not be used."""
        with self._recorder() as recorder:
            name = shown_path(PurePath(file.path.name))
            said = Note(FindingKind.REJECTED_FILE, name, f"{file.reason}.")
            recorder.notice_once([said])
        return HistoryOutcome(
            HistoryKind.FILE,
            HistoryStatus.SKIPPED,
            shown_path(file.path),
            skipped=1,
            reason=file.reason,
        )

    def _sky(self, task: _Task, kind: HistoryKind) -> _Met:
        plan, round_ = task.plan, task.round
        assert isinstance(plan, SkyPlan)
        assert round_ is not None
        self._context.progress.advance()
        plan, run = self._known(plan)
        assert isinstance(plan, SkyPlan)
        is_new = run is None
        if run is None:
            log = self._keep(plan.source.path) if kind is HistoryKind.SKY_RUN else None
            run = self._add(plan, lambda recorder: recorder.sky_run(plan, round_, log))
        return _Met(plan, run, is_new, kind)

    def _known(self, plan: P) -> tuple[P, RunRow | int | None]:
        """A plan and the run that is recorded of it; a note of a run that contradicts it."""
        known = self._register.run_of(plan)
        if known is not None or self._register.begun(plan) is not None:
            return plan, known
        beside, notes = self._register.begun_with(plan), list[Note]()
        for run in beside:
            own = Results.of_plan(plan)
            with self._recorder() as recorder:
                number, results = recorder.results_of(run)
            likeness = own.likeness(results)
            if likeness is Likeness.SAME and own.weight <= results.weight:
                self._register.link(plan, run)
                return plan, run
            if likeness is Likeness.CONTRADICTION:
                said = f"began at the moment of run {number}; the results of the two differ."
                where = plan.source.place(plan.source.first_line or 0)
                notes.append(Note(FindingKind.CONTRADICTION, where, said))
        return replace(plan, notes=(*plan.notes, *notes)) if notes else plan, None

    def _add(self, plan: Plan, record: Callable[[Recorder], RunRow]) -> RunRow:
        earlier = self._register.begun(plan)
        with self._recorder() as recorder:
            poorer = [] if earlier is not None else self._poorer(plan, recorder)
            run = record(recorder)
            if earlier is not None:
                recorder.replace(earlier, run, "when its log ended in the middle of it")
            for one, number in poorer:
                recorder.replace(number, run, "from a file that has less of it")
                self._register.leave_out(plan, one)
            self._register.add(plan, run)
        return run

    def _poorer(self, plan: Plan, recorder: Recorder) -> list[tuple[RunRow | int, int]]:
        """The same run, where it is recorded of a file that has less of it."""
        found = []
        for run in self._register.begun_with(plan):
            number, results = recorder.results_of(run)
            if Results.of_plan(plan).likeness(results) is Likeness.SAME:
                found.append((run, number))
        return found

    @contextmanager
    def _recorder(self) -> Iterator[Recorder]:
        """The recorder of the transaction that is open, or one of a transaction of its own."""
        if self._recording is not None:
            yield self._recording
            return
        with self._context.store.writing(is_one_of_many=True) as session:
            importing = session.get_one(HistoryImport, self._activity_id)
            recorder = Recorder(session, importing, self._numbers)
            yield recorder
            recorder.write()
            session.commit()
            recorder.settle()

    def _keep(self, path: Path) -> str:
        """Copy a file below the data root, named by its checksum; return the path there."""
        if path not in self._kept:
            workspace = self._context.workspace
            name = _BAD_CHARACTERS.sub("_", path.name)[-_LONGEST_NAME:]
            sha256 = sha256_of(path)
            stored = workspace.store(path, "history", sha256[:12], name, sha256=sha256)
            self._kept[path] = workspace.relative(stored)
        return self._kept[path]


def _counts(outcomes: Sequence[HistoryOutcome]) -> dict[str, int]:
    return {
        status.value: sum(outcome.status is status for outcome in outcomes)
        for status in HistoryStatus
    }
