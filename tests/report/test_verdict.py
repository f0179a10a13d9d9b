"""The verdict of a report, by value: it passes only when nothing at all is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skydb.domain.vocabulary import EntryKind
from skydb.report.verdict import Facts, Problem, ReportVerdict, field_rows, verdict_of

EXPOSURE = {
    "rootname": "ibxl50clq", "visit": "bxl50", "proposal_id": 12812, "target": "HORSEHEAD",
    "instrument": "WFC3", "detector": "IR", "filter": "F160W", "known_from": "header",
    "aligned": True,
}  # fmt: skip
OTHER = {**EXPOSURE, "rootname": "ibxl51cvq", "visit": "bxl51"}
RUN = {
    "run": 7, "requested_method": "match", "effective_method": "match", "downgraded": False,
}  # fmt: skip
INPUT = {
    "rootname": "ibxl50clq", "alignment": "solution:3", "delivery": 1, "newest_delivery": 1,
    "role": "science",
}  # fmt: skip
FINDING = {"id": 4, "activity": 7, "during": "sky-run", "kind": "islands", "subject": "run 7",
           "message": "Groups of 2 and 2."}  # fmt: skip
NOTE = {"id": 2, "kind": "note", "label": "clouds", "subject": "bxl50", "reason": "grey"}
GOOD = Facts(
    exposures=(EXPOSURE, OTHER),
    runs=(RUN,),
    values=({"rootname": "ibxl50clq"}, {"rootname": "ibxl51cvq"}),
    inputs=(INPUT, {**INPUT, "rootname": "ibxl51cvq"}),
    alignments={3: ("a_drz.fits",)},
)


def problems_of(**facts: Any) -> tuple[Problem, ...]:
    verdict = verdict_of(replace(GOOD, **facts))
    assert verdict.passed is not bool(verdict.problems)
    return verdict.problems


def test_all_is_well_when_everything_is_aligned_shown_and_without_findings() -> None:
    verdict = verdict_of(GOOD)
    assert (verdict.passed, verdict.word, verdict.problems) == (True, "passed", ())
    assert verdict.covers == (
        "The ledger: 1 target (HORSEHEAD), 1 filter (F160W), 2 visits, 2 exposures.",
        "The sky runs of this page: 1 target (HORSEHEAD), 1 filter (F160W), 2 visits, 2 exposures.",
        "Sky methods: match.",
        "Alignment: run 3.",
    )


WRONG = {
    "an exposure is not aligned": (
        {"exposures": (EXPOSURE, {**OTHER, "aligned": False})},
        Problem("Not aligned", "ibxl51cvq", "", "row-exposure-ibxl51cvq"),
    ),
    "an exposure was used before it was aligned": (
        {"inputs": ({**INPUT, "alignment": "archive"},)},
        Problem("Used before it was aligned", "ibxl50clq", "", "row-input-ibxl50clq"),
    ),
    "a fit failed": (
        {"failed_fits": ({"solution": 9, "run": 3, "product": "a_drz.fits", "reason": "few"},)},
        Problem("Fit failed", "a_drz.fits", "few", "row-failed-fit-9"),
    ),
    "a run failed": (
        {"failed_runs": ({"run": 8, "error": None},)},
        Problem("Run failed", "run 8", "", "row-failed-run-8"),
    ),
    "a newer delivery exists": (
        {"inputs": ({**INPUT, "newest_delivery": 2},)},
        Problem(
            "A newer archive version exists", "ibxl50clq", "archive version 1 of 2 was used",
            "row-input-ibxl50clq",
        ),
    ),
    "something is in the notes": (
        {"notes": (NOTE,)}, Problem("In the notes", "bxl50", "grey", "row-note-2"),
    ),
    "a run was downgraded": (
        {"runs": ({**RUN, "requested_method": "globalmin+match", "downgraded": True},)},
        Problem("Downgraded", "run 7", "globalmin+match was requested, match ran", "row-run-7"),
    ),
    "an exposure was left out": (
        {"inputs": ({**INPUT, "role": "left-out"},)},
        Problem("Left out", "ibxl50clq", "no exposure time or no good pixel",
                "row-input-ibxl50clq"),
    ),
    "a run has a finding": (
        {"findings": (FINDING,)},
        Problem("Finding: islands", "run 7", "Groups of 2 and 2.", "row-finding-4"),
    ),
    "a file was rejected": (
        {"findings": ({**FINDING, "activity": 1, "during": "ingest", "kind": "rejected-file"},)},
        Problem("Finding: rejected-file", "run 7", "Groups of 2 and 2.", "row-finding-4"),
    ),
    "a field is not shown": (
        {"exposures": (EXPOSURE, OTHER, {**OTHER, "rootname": "ibxl99aaq", "filter": "F110W"})},
        Problem(
            "Field not shown in full", "HORSEHEAD IR F110W 12812",
            "1 of 1 exposure, in no sky run of this page",
            "row-field-horsehead-ir-f110w-12812",
        ),
    ),
    "a bar was missed": (
        {"measured": ({"what": "sky", "passed": False},)},
        Problem("Bar missed", "sky", "", "row-measured-sky"),
    ),
    "no alignment run of skydb has finished": (
        {"alignments": {}}, Problem("No alignment run of skydb has finished"),
    ),
    "there are no exposures": (
        {"exposures": ()}, Problem("No exposures are recorded"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_it_does_not_pass_when(case: str) -> None:
    facts, problem = WRONG[case]
    assert problems_of(**facts) == (problem,)


def test_without_a_sky_run_it_does_not_pass_and_nothing_is_shown() -> None:
    problems = problems_of(runs=(), values=(), inputs=())
    assert [one.what for one in problems] == ["No sky run has succeeded", "Field not shown in full"]


def test_an_exposure_of_which_only_a_log_tells_has_no_names_and_no_known_alignment() -> None:
    logged = {
        **OTHER, "known_from": "log", "aligned": False, "target": None, "detector": None,
        "filter": None, "proposal_id": None,
    }  # fmt: skip
    facts = replace(GOOD, exposures=(EXPOSURE, logged))
    (problem,) = verdict_of(facts).problems
    assert problem.what == "Known from logs only, alignment not known"
    assert [row["field"] for row in field_rows(facts)] == [
        "HORSEHEAD IR F160W 12812",
        "program bxl, target and filter unknown",
    ]
    assert "2 targets (HORSEHEAD, unknown)" in verdict_of(facts).covers[0]
    assert "1 of them known from logs only" in verdict_of(facts).covers[0]


@pytest.mark.parametrize("during", ["sky-run", "alignment"])
def test_findings_of_runs_that_are_not_shown_do_not_count(during: str) -> None:
    assert problems_of(findings=({**FINDING, "activity": 6, "during": during},)) == ()


def test_the_same_finding_of_several_methods_is_one_problem() -> None:
    runs = (RUN, {**RUN, "run": 8})
    twice = (FINDING, {**FINDING, "id": 5, "activity": 8})
    assert len(problems_of(runs=runs, findings=twice)) == 1


def test_a_dismissal_is_no_problem() -> None:
    assert problems_of(notes=({**NOTE, "label": "ignore:not-aligned"},)) == ()


@pytest.mark.parametrize("kind", EntryKind)
def test_what_is_kept_is_no_problem_of_the_data(kind: EntryKind) -> None:
    is_remark = kind in (EntryKind.NOTE, EntryKind.FLAG)
    assert bool(problems_of(notes=({**NOTE, "kind": kind.value},))) is is_remark


def test_problems_of_one_sort_stand_together() -> None:
    one, two, three = Problem("a", "1"), Problem("b", "2"), Problem("a", "3")
    assert ReportVerdict((), (one, two, three)).by_kind == {"a": [one, three], "b": [two]}
