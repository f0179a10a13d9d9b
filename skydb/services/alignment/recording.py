"""The fits of a run as rows, each written once only its trust can change."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import AlignmentRun, AlignmentSolution, ProductVersion
from skydb.domain.trust import TrustReport
from skydb.domain.values import WcsFacts
from skydb.domain.vocabulary import FindingKind, SolutionStatus
from skydb.files.reader import read_facts
from skydb.services.alignment.attempts import Attempt
from skydb.services.alignment.fitrecord import record_fit
from skydb.services.alignment.roads import star_files_of
from skydb.services.core import Context, content_sha256
from skydb.store.references import catalog_named

#: Directory below the data root with one directory a run.
EVIDENCE = "alignments"


class Recorder:
    """Records the fits of one run, each in a short transaction of its own.

    Parameters
    ----------
    context : Context
    run_id : int
        The running alignment run.
    """

    def __init__(self, context: Context, run_id: int) -> None:
        self._context, self._run_id = context, run_id
        self._home = context.workspace.free(EVIDENCE, str(run_id))
        #: Recorded solutions, by file version.
        self._known: dict[int, TrustReport | None] = {}

    def keep(self, attempt: Attempt) -> None:
        """Record a fit while the run continues, or its new trust.

        A file that has changed is left for the end, where all inputs are checked.
        """
        is_new = attempt.key not in self._known
        if self._says(attempt) or (is_new and not self._is_untouched(attempt)):
            return
        wcs = self._prepare(attempt) if is_new else None
        with self._context.store.writing() as session:
            run = session.get_one(AlignmentRun, self._run_id)
            run.parameters = _joined(run.parameters, _facts([attempt]))
            self._write(session, run, attempt, wcs)
            session.commit()
            self._known[attempt.key] = attempt.report

    def close(self, attempts: Sequence[Attempt], opinions: Sequence[tuple[str, str]] = ()) -> None:
        """Record what is left with all that is known in the end, and the good end of the run.

        Opinions are objections to the position of trusted fits, each with its file.
        """
        new = [one for one in attempts if one.key not in self._known]
        read = {one.key: self._prepare(one) for one in new}
        with self._context.closing(AlignmentRun, self._run_id) as (session, run):
            run.parameters = {**run.parameters, **_facts(attempts)}
            for one in attempts:
                self._write(session, run, one, read.get(one.key))
            for subject, message in opinions:
                run.notice(FindingKind.CATALOG, subject, message)

    def _says(self, attempt: Attempt) -> bool:
        """Whether the same trust is recorded."""
        return attempt.key in self._known and self._known[attempt.key] == attempt.report

    def _is_untouched(self, attempt: Attempt) -> bool:
        target = attempt.reference.target
        with self._context.store.reading() as session:
            recorded = session.get_one(ProductVersion, target.version_id).sha256
        return target.path.is_file() and content_sha256(target.path, recorded) == recorded

    def _prepare(self, attempt: Attempt) -> WcsFacts | None:
        """Keep the evidence, and read the fitted WCS: no session is open meanwhile."""
        self._keep_evidence(attempt)
        copy = attempt.fit.fitted_copy
        return read_facts(copy).primary if copy else None

    def _write(
        self, session: Session, run: AlignmentRun, one: Attempt, wcs: WcsFacts | None
    ) -> None:
        run.workspace = "/".join(self._home)
        if one.key in self._known:
            if not self._says(one):
                _update_trust(session, run, one)
            return
        version = session.get_one(ProductVersion, one.key)
        for doubt in filter(None, (one.reference.doubts(one.fit), one.remark)):
            run.notice(FindingKind.CATALOG, one.reference.target.path.name, doubt)
        catalog, home = catalog_named(session, one.catalog), self._context.workspace.root
        record_fit(run, version, one.fit, wcs, one.report, catalog, home.joinpath(*self._home))

    def _keep_evidence(self, attempt: Attempt) -> None:
        """Match files, shift files, stars given and the log, kept for review and figures."""
        fit = attempt.fit
        for evidence in (fit.match_file, fit.shift_file, fit.log, *star_files_of(fit)):
            if evidence is not None and evidence.exists():
                stem = fit.product.stem
                self._context.workspace.store(evidence, *self._home, stem, evidence.name)


def _update_trust(session: Session, run: AlignmentRun, one: Attempt) -> None:
    """Give a fit that waits for review the trust that it has by now."""
    asked = select(AlignmentSolution).where(
        AlignmentSolution.activity_id == run.id, AlignmentSolution.version_id == one.key
    )
    for solution in session.scalars(asked):
        if one.report is not None and solution.status is SolutionStatus.PROPOSED:
            solution.record_trust(one.report)


def _joined(parameters: dict[str, object], new: dict[str, dict[str, object]]) -> dict[str, object]:
    """Add the facts of one more file to the parameters of a run."""
    joined = {}
    for name, more in new.items():
        known = parameters.get(name, {})
        assert isinstance(known, dict)
        joined[name] = {**known, **more}
    return {**parameters, **joined}


def _facts(attempts: Sequence[Attempt]) -> dict[str, dict[str, object]]:
    """Collect the facts of each file: its catalogue, and the reasons for geometry and catalogue."""
    named = {one.fit.product.name: one for one in attempts}
    why = {name: one.fit.geometry_why for name, one in named.items() if one.fit.geometry_why}
    tried = {name: list(one.tried) for name, one in named.items() if one.tried}
    return {
        "catalog": {name: one.reference.as_parameters() for name, one in named.items()},
        "geometry_why": dict(why),
        **({"catalogs_tried": dict(tried)} if tried else {}),
    }
