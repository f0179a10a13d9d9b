"""Verdict of a report: its coverage, and every problem in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skydb.domain.vocabulary import EntryKind
from skydb.report.anchors import anchor_of
from skydb.report.counting import counted

Row = Mapping[str, Any]

#: Findings of these activities matter only while their run is shown.
_RUN_KINDS = frozenset({"sky-run", "alignment"})
_DISMISSAL = "ignore:"
_UNKNOWN = "unknown"
#: Number of names that are listed.
_FEW = 4
#: Properties that define a field: exposures that differ in one of these are never matched.
_FIELD = ("target", "detector", "filter", "proposal_id")


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of services for a verdict.

    Parameters
    ----------
    exposures : sequence of mapping
        Every exposure: ``rootname``, ``visit``, ``proposal_id``, ``target``, ``detector``,
        ``filter``, ``known_from`` and ``aligned``.
    runs : sequence of mapping
        The sky runs that are shown.
    values : sequence of mapping
        Their sky values, of which ``rootname`` says what they cover.
    inputs : sequence of mapping
        The file versions that they used.
    alignments : mapping of int to collection of str
        Names of the products whose fits are shown, by alignment run.
    failed_fits, failed_runs : sequence of mapping
        What failed and was not done again.
    findings : sequence of mapping
        Of all activities.
    notes : sequence of mapping
        Notes and flags that hold.
    measured : sequence of mapping
        Measured against truth, where a truth is known.
    selection : str
        What was selected, for people; empty for the whole ledger.
    left_out : int
        Exposures of the ledger that are not selected.
    """

    exposures: Sequence[Row] = ()
    runs: Sequence[Row] = ()
    values: Sequence[Row] = ()
    inputs: Sequence[Row] = ()
    alignments: Mapping[int, Collection[str]] = field(default_factory=dict)
    failed_fits: Sequence[Row] = ()
    failed_runs: Sequence[Row] = ()
    findings: Sequence[Row] = ()
    notes: Sequence[Row] = ()
    measured: Sequence[Row] = ()
    selection: str = ""
    left_out: int = 0

    @property
    def shown(self) -> frozenset[str]:
        """Rootnames of the exposures of the runs that are shown."""
        return frozenset(row["rootname"] for row in (*self.values, *self.inputs))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be.

    Parameters
    ----------
    what : str
        The sort of problem; problems of one sort stand together.
    subject : str
        What it is about; empty for the whole ledger.
    detail : str
        More about it.
    anchor : str
        Fragment of the row of the page that shows it; empty where there is none.
    """

    what: str
    subject: str = ""
    detail: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class ReportVerdict:
    """Verdict of a report on a ledger as a whole.

    Parameters
    ----------
    covers : tuple of str
        What there is, counted, and what of it the page shows.
    problems : tuple of Problem
        Empty when all is well.
    """

    covers: tuple[str, ...]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    @property
    def word(self) -> str:
        """Verdict for programs."""
        return "passed" if self.passed else "problems-found"

    @property
    def by_kind(self) -> dict[str, list[Problem]]:
        """The problems of each sort, in order."""
        sorts: dict[str, list[Problem]] = defaultdict(list)
        for problem in self.problems:
            sorts[problem.what].append(problem)
        return dict(sorts)


def verdict_of(facts: Facts) -> ReportVerdict:
    """Make the verdict on the coverage of a page.

    Parameters
    ----------
    facts : Facts
        Of the ledger, and of what the page shows of it.
    """
    problems = (problem for check in _CHECKS for problem in check(facts))
    return ReportVerdict(_covers(facts), tuple(dict.fromkeys(problems)))


def field_rows(facts: Facts) -> list[dict[str, Any]]:
    """The fields of the ledger, counted, and whether the sky runs that are shown have them."""
    fields: dict[str, list[Row]] = defaultdict(list)
    for exposure in facts.exposures:
        fields[field_of(exposure)].append(exposure)
    shown = facts.shown
    rows = [
        {
            **{name: exposures[0][name] for name in _FIELD},
            "field": name,
            "visits": len({one["visit"] for one in exposures}),
            "exposures": len(exposures),
            "aligned": sum(bool(one["aligned"]) for one in exposures),
            "shown": sum(one["rootname"] in shown for one in exposures),
        }
        for name, exposures in fields.items()
    ]
    return sorted(rows, key=lambda row: row["field"])


def listed_runs(runs: Iterable[int]) -> str:
    """``run 3``, ``runs 3, 7``; empty for none."""
    numbers = sorted(runs)
    return f"run{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}" if numbers else ""


def field_of(exposure: Row) -> str:
    """Name a field: target, detector, filter, proposal; the program where a log has none."""
    known = [str(exposure[name]) for name in _FIELD if exposure[name] is not None]
    return " ".join(known) or f"program {exposure['visit'][:3]}, target and filter unknown"


def _covers(facts: Facts) -> tuple[str, ...]:
    if not facts.exposures:
        return ("The ledger has no exposures.",)
    logged = sum(one["known_from"] == "log" for one in facts.exposures)
    lines = [
        f"{f'The selection ({facts.selection})' if facts.selection else 'The ledger'}: "
        f"{_counts(facts.exposures)}"
        f"{f', {logged} of them known from logs only' if logged else ''}.",
    ]
    if facts.left_out:
        lines.append(f"Not selected: {counted(facts.left_out, 'other exposure')} of the ledger.")
    in_runs = [one for one in facts.exposures if one["rootname"] in facts.shown]
    if in_runs:
        lines.append(f"The sky runs of this page: {_counts(in_runs)}.")
    methods = ", ".join(
        dict.fromkeys(str(run["effective_method"] or _UNKNOWN) for run in facts.runs)
    )
    lines.append(f"Sky methods: {methods or 'none'}.")
    lines.append(f"Alignment: {listed_runs(facts.alignments) or 'no finished run of skydb'}.")
    if facts.measured:
        met = sum(bool(row["passed"]) for row in facts.measured)
        lines.append(f"{met} of {len(facts.measured)} bars were met.")
    return tuple(lines)


def _counts(exposures: Sequence[Row]) -> str:
    """``1 target (HORSEHEAD), 1 filter (F160W), 9 visits, 18 exposures``."""
    parts = [_named(exposures, name) for name in ("target", "filter")]
    visits = {one["visit"] for one in exposures}
    return ", ".join([*parts, counted(len(visits), "visit"), counted(len(exposures), "exposure")])


def _named(exposures: Iterable[Row], name: str) -> str:
    known = sorted({str(one[name] or _UNKNOWN) for one in exposures})
    more = f" and {len(known) - _FEW} more" if len(known) > _FEW else ""
    few = ", ".join(known[:_FEW]) + more
    return f"{counted(len(known), name)} ({few})"


def _nothing(facts: Facts) -> Iterator[Problem]:
    if not facts.exposures:
        yield Problem("No exposures are recorded")
    elif not facts.runs:
        yield Problem("No sky run has succeeded")
    if facts.exposures and not facts.alignments:
        yield Problem("No alignment run of skydb has finished")


def _not_shown(facts: Facts) -> Iterator[Problem]:
    for row in field_rows(facts):
        left = row["exposures"] - row["shown"]
        if left:
            detail = (
                f"{left} of {counted(row['exposures'], 'exposure')}, in no sky run of this page"
            )
            yield Problem(
                "Field not shown in full", row["field"], detail, anchor_of("field", row["field"])
            )


def _not_aligned(facts: Facts) -> Iterator[Problem]:
    used = {row["rootname"] for row in facts.inputs if row["alignment"] == "archive"}
    for one in facts.exposures:
        anchor = anchor_of("exposure", one["rootname"])
        if one["known_from"] == "log":
            yield Problem("Known from logs only, alignment not known", one["rootname"], "", anchor)
        elif not one["aligned"]:
            yield Problem("Not aligned", one["rootname"], "", anchor)
        elif one["rootname"] in used:
            anchor = anchor_of("input", one["rootname"])
            yield Problem("Used before it was aligned", one["rootname"], "", anchor)


def _failed(facts: Facts) -> Iterator[Problem]:
    for fit in facts.failed_fits:
        anchor = anchor_of("failed-fit", fit["solution"])
        yield Problem("Fit failed", fit["product"], fit["reason"] or "", anchor)
    for run in facts.failed_runs:
        anchor = anchor_of("failed-run", run["run"])
        yield Problem("Run failed", f"run {run['run']}", run["error"] or "", anchor)


def _stale(facts: Facts) -> Iterator[Problem]:
    for row in facts.inputs:
        if row["delivery"] < row["newest_delivery"]:
            detail = f"archive version {row['delivery']} of {row['newest_delivery']} was used"
            anchor = anchor_of("input", row["rootname"])
            yield Problem("A newer archive version exists", row["rootname"], detail, anchor)


def _left_out(facts: Facts) -> Iterator[Problem]:
    for row in facts.inputs:
        if row["role"] == "left-out":
            anchor = anchor_of("input", row["rootname"])
            yield Problem("Left out", row["rootname"], "no exposure time or no good pixel", anchor)


def _downgraded(facts: Facts) -> Iterator[Problem]:
    for run in facts.runs:
        if run["downgraded"]:
            detail = f"{run['requested_method']} was requested, {run['effective_method']} ran"
            yield Problem("Downgraded", f"run {run['run']}", detail, anchor_of("run", run["run"]))


def _noticed(facts: Facts) -> Iterator[Problem]:
    shown = {run["run"] for run in facts.runs} | set(facts.alignments)
    fitted: set[str] = set().union(*facts.alignments.values())
    counting = (
        row
        for row in facts.findings
        if row["during"] not in _RUN_KINDS
        or (
            row["activity"] in shown
            # Another run has the fit of that product that is shown.
            and row["subject"] not in fitted - set(facts.alignments.get(row["activity"], fitted))
        )
    )
    # The methods of one group notice the same of their inputs, each for itself.
    distinct = {(row["kind"], row["subject"], row["message"]): row for row in counting}
    for (kind, subject, message), row in distinct.items():
        yield Problem(f"Finding: {kind}", subject, message, anchor_of("finding", row["id"]))


#: Lines of the books that say something of the data; others say what to keep.
_REMARKS = {EntryKind.NOTE, EntryKind.FLAG}


def _noted(facts: Facts) -> Iterator[Problem]:
    for line in facts.notes:
        is_remark = line["kind"] in _REMARKS
        if is_remark and not (line["label"] or "").startswith(_DISMISSAL):
            anchor = anchor_of("note", line["id"])
            yield Problem("In the notes", line["subject"], line["reason"], anchor)


def _missed(facts: Facts) -> Iterator[Problem]:
    for row in facts.measured:
        if not row["passed"]:
            yield Problem("Bar missed", row["what"], "", anchor_of("measured", row["what"]))


_CHECKS = (
    _nothing,
    _not_shown,
    _not_aligned,
    _failed,
    _stale,
    _left_out,
    _downgraded,
    _noticed,
    _noted,
    _missed,
)
