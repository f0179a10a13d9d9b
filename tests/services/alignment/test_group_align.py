"""Runs of groups from the choice of exposures to their rows, with fits that are made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, AlignmentSolution
from skydb.domain.grouping import GroupBy
from skydb.domain.guards import GuardPolicy
from skydb.domain.trust import TRUST_FLOOR
from skydb.domain.vocabulary import AlignmentRoad, FindingKind, SolutionStatus
from skydb.errors import FileRejectedError, InputsRefusedError, NotFoundError, ToolCrashedError
from skydb.services.alignment import group_align
from skydb.services.alignment.group_align import GroupOptions
from skydb.services.intake import Selection
from tests.services.alignment.made_groups import MadeFits
from tests.services.tools import CENTRE_DEG, write_exposure

A, B, C = "ibxl50iaq", "ibxl50ibq", "ibxl51icq"
FILES = [f"{name}_flt.fits" for name in (A, B, C)]
FEW = 3


@pytest.fixture
def ledger(services: Services, tmp_path: Path, catalog_file: Path) -> Services:
    """Two exposures of one visit and one of another, and two catalogues."""
    times = {"EXPSTART": 56244.5, "EXPEND": 56244.51}
    files = [write_exposure(tmp_path / "in", name, **times) for name in (A, B, C)]
    services.ingest.ingest(files)
    for name in ("one", "two"):
        services.refcat.import_file(catalog_file, 2016.0, name)
    return services


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> MadeFits:
    fits = MadeFits()
    monkeypatch.setattr(group_align, "GroupFitter", fits)
    return fits


def run_of(services: Services, run_id: int) -> AlignmentRun:
    with services.context.store.reading() as session:
        run = session.get_one(AlignmentRun, run_id)
        _ = run.findings, run.known_catalog
        _ = [(link.version, link.reason, link.passed_over) for link in run.used]
        _ = [(one.catalog, one.version.product, one.trust_reasons) for one in run.solutions]
        return run


def fits_of(services: Services, run_id: int) -> dict[str, AlignmentSolution]:
    return {one.version.filename: one for one in run_of(services, run_id).solutions}


def test_a_run_of_groups_says_what_it_did_with_each(ledger: Services, made: MadeFits) -> None:
    run_id = ledger.align_groups.run("one")
    run, fits = run_of(ledger, run_id), fits_of(ledger, run_id)
    said = run.parameters
    assert made.asked == [("bxl50", 0, [A, B]), ("bxl51", 0, [C])]
    assert run.what is AlignmentRoad.GROUP and run.catalog.name == "one"
    assert {name: said[name] for name in ("refcat", "group_by", "fitgeometry")} == {
        "refcat": "one", "group_by": "visit", "fitgeometry": None
    }  # fmt: skip
    assert (said["products"], said["members"]) == (FILES, {"bxl50": [A, B], "bxl51": [C]})
    assert list(said["epochs"]) == FILES
    assert len(set(said["epochs"].values())) == 1
    assert 2012.0 < said["epochs"][FILES[0]] < 2013.0
    assert said["geometry_why"] == dict.fromkeys(FILES, "40 stars count as 40 matches")
    assert list(said["groups"]) == ["bxl50", "bxl51"]
    assert said["groups"]["bxl50"]["members"] == [A, B]
    assert said["agreement"][FILES[2]]["error_mas"] == 1.5
    assert [said["catalog"][name]["covered_share"] for name in FILES] == [1.0] * 3
    assert "catalogs_tried" not in said and "selection" not in said
    assert [link.version.filename for link in run.used] == FILES
    assert {one.group_name for one in fits.values()} == {"bxl50", "bxl51"}
    assert {one.catalog.name for one in fits.values() if one.catalog} == {"one"}
    assert {one.status for one in fits.values()} == {SolutionStatus.PROPOSED}
    assert all(one.trust and one.trust >= TRUST_FLOOR for one in fits.values())
    assert run.findings == []
    home = ledger.context.workspace.root / str(run.workspace)
    assert run.workspace == f"alignments/{run_id}"
    assert (home / f"{A}_flt" / f"{A}_flt.match").read_text() == f"matches of {A}_flt\n"
    assert (home / f"{C}_flt" / "group.log").read_text() == "bxl51\n"


def test_what_speaks_against_a_catalogue_is_a_finding_of_the_run(
    ledger: Services, made: MadeFits, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [("one", "It may be off."), (FILES[0], "It is elsewhere.")]
    monkeypatch.setattr(group_align, "second_opinions", lambda *_: said)
    run = run_of(ledger, ledger.align_groups.run("one"))
    assert [(one.kind, one.subject, one.message) for one in run.findings] == [
        (FindingKind.CATALOG, *told) for told in said
    ]


def test_a_group_is_fitted_to_the_next_catalogue_until_one_is_trusted(
    ledger: Services, made: MadeFits
) -> None:
    made.weights = {("bxl50", 0): FEW, ("bxl51", 0): 0, ("bxl51", 1): FEW}
    run_id = ledger.align_groups.run(["one", "two"])
    run, fits = run_of(ledger, run_id), fits_of(ledger, run_id)
    assert [(name, number) for name, number, _ in made.asked] == [
        ("bxl50", 0), ("bxl50", 1), ("bxl51", 0), ("bxl51", 1)
    ]  # fmt: skip
    assert run.parameters["refcats"] == ["one", "two"]
    assert {name: one.catalog.name for name, one in fits.items() if one.catalog} == dict.fromkeys(
        FILES, "two"
    )
    tried = run.parameters["catalogs_tried"]
    assert tried[FILES[0]] == tried[FILES[1]]
    assert tried[FILES[0]][0].startswith("one: trust 0.")
    assert tried[FILES[2]] == ["one: no stars"]
    remarks = {one.subject: one.message for one in run.findings
               if one.kind is FindingKind.CATALOG}  # fmt: skip
    assert remarks["bxl50"] == f"two gave a trusted fit ({tried[FILES[0]][0]})"
    assert remarks["bxl51"] == "two gave the best of several fits (one: no stars)"


def test_no_other_catalogue_is_asked_where_the_first_is_trusted(
    ledger: Services, made: MadeFits
) -> None:
    made.weights = {("bxl51", 0): FEW, ("bxl51", 1): FEW}
    run_id = ledger.align_groups.run(["one", "two"])
    assert [(name, number) for name, number, _ in made.asked] == [
        ("bxl50", 0), ("bxl51", 0), ("bxl51", 1)
    ]  # fmt: skip
    # Of two that are as good the earlier one is taken.
    assert {one.catalog.name for one in fits_of(ledger, run_id).values() if one.catalog} == {"one"}


def test_a_group_that_cannot_be_fitted_has_a_row_for_each_exposure(
    ledger: Services, made: MadeFits, tmp_path: Path
) -> None:
    log = tmp_path / "rigid.log"
    log.write_text("a crash\n")
    made.errors = {
        "bxl50": ToolCrashedError("tweakwcs", "had a crash", log=log),
        "bxl51": FileRejectedError(tmp_path / "c.fits", "it cannot be read"),
    }
    run_id = ledger.align_groups.run("one")
    run, fits = run_of(ledger, run_id), fits_of(ledger, run_id)
    assert {one.status for one in fits.values()} == {SolutionStatus.FAILED}
    assert {name: one.group_name for name, one in fits.items()} == {
        FILES[0]: "bxl50", FILES[1]: "bxl50", FILES[2]: "bxl51"
    }  # fmt: skip
    assert all("had a crash" in str(fits[name].reason) for name in FILES[:2])
    assert "it cannot be read" in str(fits[FILES[2]].reason)
    assert [one.kind for one in run.findings] == [FindingKind.FIT_FAILED] * 3
    kept = ledger.context.workspace.root / str(run.workspace) / f"{A}_flt" / "rigid.log"
    assert kept.read_text() == "a crash\n"
    assert str(kept) in str(fits[FILES[0]].reason)
    assert run.parameters["groups"]["bxl50"] == {"members": [A, B], "alone": []}


def test_visits_that_are_aligned_to_each_other_are_one_group_without_a_catalogue(
    ledger: Services, made: MadeFits
) -> None:
    run_id = ledger.align_groups.run(None)
    run, fits = run_of(ledger, run_id), fits_of(ledger, run_id)
    assert run.parameters["refcat"] is None and run.known_catalog is None
    assert run.parameters["members"] == {"visits": [A, B, C]}
    assert run.parameters["catalog"] == {}
    assert list(fits) == [FILES[2]]
    assert (fits[FILES[2]].catalog, fits[FILES[2]].group_name) == (None, "visits/bxl51")
    assert run.parameters["groups"]["visits/bxl51"]["resting"] == "bxl50"
    reasons = {one.component.value: one.score for one in fits[FILES[2]].trust_reasons}
    assert reasons["cross-match"] is None and reasons["matches"] == 1.0
    (outcome,) = ledger.accept.accept(run_id)
    assert (outcome.rootname, outcome.status) == (C, SolutionStatus.APPLIED)


@pytest.mark.parametrize(
    ("options", "refcat", "names"),
    [
        (None, "one", ["bxl50", "bxl50", "bxl51"]),
        (GroupOptions(GroupBy.TARGET), "one", ["HORSEHEAD"] * 3),
        (GroupOptions(GroupBy.TARGET), None, ["HORSEHEAD"] * 3),
        (None, None, ["visits"] * 3),
    ],
)
def test_what_a_run_would_fit_is_explained_with_the_groups(
    ledger: Services, options: GroupOptions | None, refcat: str | None, names: list[str]
) -> None:
    rows = ledger.align_groups.explain(refcat, options=options)
    assert [row["rootname"] for row in rows] == [A, B, C]
    assert [row["group"] for row in rows] == names
    assert all(row["reason"].endswith(f"; in group {row['group']}") for row in rows)
    assert [row["flags"] for row in rows] == [""] * 3


def test_a_repeated_run_has_the_same_groups_catalogues_and_geometry(
    ledger: Services, made: MadeFits
) -> None:
    options = GroupOptions(GroupBy.TARGET, "shift")
    for refcat in (["two", "one"], "two", None):
        selection = Selection(visits=("bxl50",))
        first = ledger.align_groups.run(refcat, options=options, selection=selection)
        again = ledger.align_groups.repeat(first)
        one, other = (dict(run_of(ledger, run).parameters) for run in (first, again))
        assert one.pop("selection") == {"visits": ["bxl50"]}
        assert other.pop("replay_of") == first
        assert one == other
        assert "geometry_why" not in one
        assert [link.reason for link in run_of(ledger, again).used] == [
            f"used by run {first}, which this run repeats"
        ] * 2
    again = ledger.align.repeat(first)
    assert run_of(ledger, again).parameters["replay_of"] == first


def test_an_exposure_that_is_gone_is_left_out_unless_that_is_refused(
    ledger: Services, made: MadeFits, tmp_path: Path
) -> None:
    (tmp_path / "in" / FILES[1]).unlink()
    with pytest.raises(NotFoundError):
        ledger.align_groups.run("one", policy=GuardPolicy(strict=True))
    with pytest.raises(NotFoundError):
        ledger.align_groups.explain("one")
    run = run_of(ledger, ledger.align_groups.run("one"))
    assert run.parameters["members"] == {"bxl50": [A], "bxl51": [C]}
    (finding,) = run.findings
    assert (finding.kind, finding.subject) == (FindingKind.REJECTED_FILE, FILES[1])
    assert finding.message.startswith("is left out: ")
    with pytest.raises(NotFoundError, match="nowhere"):
        ledger.align_groups.run(["one", "nowhere"])


def test_flags_of_exposures_and_of_their_places_are_kept_with_the_run(
    ledger: Services, made: MadeFits, tmp_path: Path
) -> None:
    away = (CENTRE_DEG[0], CENTRE_DEG[1] + 1.0)
    odd = write_exposure(tmp_path / "odd", "ibxl50idq", centre_deg=away, EXPTIME=0.0)
    ledger.ingest.ingest([odd])
    run = run_of(ledger, ledger.align_groups.run("one", ["bxl50"]))
    said = {(one.kind, one.subject) for one in run.findings}
    assert (FindingKind.ISLANDS, "ibxl50idq") in said
    assert (FindingKind.NO_SIGNAL, "ibxl50idq") in said
    assert {subject for _, subject in said} == {"ibxl50idq"}
    row = ledger.align_groups.explain("one", ["bxl50"])[-1]
    assert {"islands", "no-signal"} <= set(row["flags"].split(", "))
    with pytest.raises(InputsRefusedError, match="overlaps no other exposure of bxl50"):
        ledger.align_groups.run("one", ["bxl50"], policy=GuardPolicy(strict=True))
    quiet = GuardPolicy(allowed=frozenset({FindingKind.ISLANDS}))
    allowed = run_of(ledger, ledger.align_groups.run("one", ["bxl50"], policy=quiet))
    assert allowed.parameters["allowed"] == ["islands"]
    assert FindingKind.ISLANDS not in {one.kind for one in allowed.findings}


def test_all_of_a_group_is_accepted_or_nothing(ledger: Services, made: MadeFits) -> None:
    made.weights = {("bxl51", 0): FEW}
    run_id = ledger.align_groups.run("one")
    outcomes = {one.rootname: one for one in ledger.accept.accept(run_id)}
    statuses = {name: one.status for name, one in outcomes.items()}
    assert statuses == {
        A: SolutionStatus.APPLIED, B: SolutionStatus.APPLIED, C: SolutionStatus.PROPOSED
    }  # fmt: skip
    assert (outcomes[C].reason, outcomes[C].version) == (None, None)
    assert {outcomes[name].version for name in (A, B)} == {2}
    for name in (A, B):
        assert outcomes[name].predicted_shift_mas == pytest.approx(36.0, abs=0.1)
        assert outcomes[name].realised_shift_mas == pytest.approx(36.0, abs=0.1)
    with ledger.context.store.reading() as session:
        applied = session.scalars(
            select(AlignmentSolution).where(AlignmentSolution.status == SolutionStatus.APPLIED)
        ).all()
        assert {one.wcs_name for one in applied} == {"IDC_w3m18525i-FIT_SKYDB_one"}
    left = run_of(ledger, run_id).open_proposals()
    assert [one.version.filename for one in left] == [FILES[2]]
