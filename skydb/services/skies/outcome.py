"""Runs that were asked for as rows, with what is to be said of them among their findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.orm import Session

from skydb.domain import Finding, SkyRun
from skydb.domain.guards import GUARDS, Flag
from skydb.domain.vocabulary import FindingKind
from skydb.files.workspace import Workspace
from skydb.services.core import Context
from skydb.services.skies.engines.choice import Remark
from skydb.services.skies.pieces import FieldWork
from skydb.store import queries
from skydb.store.byid import each_of

_Said = Sequence[tuple[FindingKind, str, str]]


def rows_of(
    context: Context, plans: Iterable[FieldWork], doubts: Iterable[Remark]
) -> list[queries.Row]:
    """One row a method and field, in order, once the remarks on them are on record.

    Parameters
    ----------
    context : Context
    plans : iterable of FieldWork
        Done.
    doubts : iterable of (FindingKind, str)
        What is to be said of every run.
    """
    doubts = list(doubts)
    rows = [row for plan in plans for row in _rows_of_field(context, plan, doubts)]
    return [{**row, **_paths(context.workspace, row)} for row in rows]


def _rows_of_field(
    context: Context, plan: FieldWork, doubts: Sequence[Remark]
) -> list[queries.Row]:
    ids = [plan.runs[method] for method in plan.methods]
    with context.store.writing() as session:
        runs = each_of(session, SkyRun, ids, *queries.WITH_ROWS)
        rows = [
            _row(
                session,
                run,
                _said(run.id, [*plan.remarks, *doubts], plan.flags),
                reused=method in plan.found,
            )
            | {"field": plan.field}
            for method, run in zip(plan.methods, runs, strict=True)
        ]
        session.commit()
    return rows


def _said(run_id: int, remarks: Iterable[Remark], flags: Iterable[Flag]) -> _Said:
    said = [(kind, f"run {run_id}", message) for kind, message in remarks]
    return [*said, *((flag.guard, flag.subject, flag.message) for flag in flags)]


def _row(session: Session, run: SkyRun, said: _Said, *, reused: bool) -> queries.Row:
    known = {(finding.subject, finding.message) for finding in run.findings}
    new = [remark for remark in said if remark[1:] not in known]
    for kind, subject, message in new:
        run.notice(kind, subject, message)
    if new:
        session.flush()
        session.refresh(run, ["findings"])
    row = {**queries.sky_run_row(run), "reused": reused}
    if reused:
        # Findings of guards then may have been settled since.
        now = {remark[1:] for remark in said}
        row["findings"] = [one.sentence for one in run.findings if _holds(one, now)]
    return row


def _paths(workspace: Workspace, row: queries.Row) -> queries.Row:
    """Images where they are, and as the ledger writes their place."""
    there = {name: row[name] and str(workspace.resolve(row[name])) for name in ("mosaic", "weight")}
    return {**there, "stored_path": row["mosaic"]}


def _holds(finding: Finding, said: Collection[tuple[str, str]]) -> bool:
    """Whether a finding of a run that is found again still holds, by the guards of now.

    Measurements of the inputs' sources and outlines hold as long as their file versions do.
    """
    if finding.kind not in GUARDS or finding.kind is FindingKind.ISLANDS:
        return True
    is_measured = finding.kind is FindingKind.MIXED_FRAMES and finding.subject != "inputs"
    return is_measured or (finding.subject, finding.message) in said
