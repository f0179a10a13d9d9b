"""What is kept, measured and listed of fits, on rows and values that were made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import Acceptance
from skydb.domain.choice import EXPOSURE_KINDS, ChosenInput
from skydb.domain.guards import Flag
from skydb.domain.solution import RESIDUAL_LIMIT_MAS
from skydb.domain.values import Realised
from skydb.domain.vocabulary import FindingKind, Flavour, ProductKind, SolutionStatus
from skydb.errors import NotFoundError, StateError, UsageError
from skydb.services.alignment import accept, exposure_accept, exposures, wcs_ledger
from skydb.services.alignment.accept import _Applied, _missed, _require_apart
from skydb.services.alignment.accept_outcome import recorded_outcomes
from skydb.services.alignment.exposure_accept import _Fit, _Installed, _is_fine, _kept_back
from skydb.services.alignment.exposures import (
    _drizzled,
    _one_kind_of_each,
    exposure_flags,
)
from skydb.store.scope import Scope
from tests.domain.entities import STAMP
from tests.domain.shelves import ProductSet, accepted, delivery
from tests.domain.test_solution import propose
from tests.services.alignment.test_small_members import _Session
from tests.services.survey import Survey

ONE, TWO = "ibxl50iaq", "ibxl50ibq"
GOOD, WORSE, BAD = (Realised(100.0, 90.0, part * RESIDUAL_LIMIT_MAS) for part in (0.5, 1.5, 2.5))


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


def _moved(rootname: str, key: int) -> Any:
    version = ProductSet().add(delivery(rootname))
    version.id = key
    return version


def _said(realised: Realised) -> str:
    return (
        f"moved 90.0 mas instead of 100.0 mas: pixels are up to {realised.residual_mas:.1f} mas "
        "off."
    )


def test_of_a_product_that_missed_every_exposure_is_told_and_the_worst_is_kept() -> None:
    fit = propose()
    fit.id = 3
    acceptance = Acceptance(fit.activity, {}, STAMP)
    acceptance.alignment_run_id = 5
    names = (ONE, TWO, "ibxl50icq")
    versions = [_moved(name, key) for key, name in enumerate(names, start=10)]
    found = dict(zip((10, 11, 12), (WORSE, BAD, GOOD), strict=True))
    applied: Any = SimpleNamespace(fit=SimpleNamespace(solution_id=3), realised=found)
    session: Any = _Session(fit, *versions)
    told = list(_missed(session, acceptance, applied, {}))
    assert [(one.rootname, one.status, one.version) for one in told] == [
        (name, SolutionStatus.FAILED, None) for name in names
    ]
    assert [one.residual_mas for one in told] == [one.residual_mas for one in found.values()]
    assert [(one.predicted_shift_mas, one.realised_shift_mas) for one in told] == [(100, 90)] * 3
    assert [(one.kind, one.subject, one.message) for one in acceptance.findings] == [
        (FindingKind.SHIFT_MISMATCH, f"{ONE}_flt.fits", _said(WORSE)),
        (FindingKind.SHIFT_MISMATCH, f"{TWO}_flt.fits", _said(BAD)),
    ]
    assert (fit.status, fit.residual_mas) == (SolutionStatus.FAILED, BAD.residual_mas)
    product: Any = None
    for realised, is_good in (((GOOD, GOOD), True), ((GOOD, WORSE), False)):
        one = _Applied(product, Path("a"), {}, dict(enumerate(realised)))
        assert one.is_as_predicted is is_good


def _installed(realised: Realised, solution_id: int = 3, group: str | None = None) -> _Installed:
    label: Any = None
    fit = _Fit(solution_id, 10, ONE, f"{ONE}_flt.fits", Path("in"), label, (), group, None)
    return _Installed(fit, Path("copy"), realised)


@pytest.mark.parametrize("is_trusted", [True, False])
@pytest.mark.parametrize("realised", [GOOD, WORSE])
def test_an_exposure_of_which_nothing_is_kept_fails_only_when_it_was_trusted_and_missed(
    is_trusted: bool, realised: Realised
) -> None:
    fit = propose()
    fit.id = 3
    acceptance = Acceptance(fit.activity, {}, STAMP)
    acceptance.alignment_run_id = 5
    session: Any = _Session(fit)
    one = _installed(realised)
    told = exposure_accept._unmoved(session, acceptance, one, is_trusted=is_trusted)
    name = fit.version.filename
    assert (told.run, told.filename, told.version, told.reason) == (5, name, None, None)
    has_failed = is_trusted and realised is WORSE
    findings = [(f.kind, f.subject, f.message) for f in acceptance.findings]
    if has_failed:
        assert (told.status, told.residual_mas) == (SolutionStatus.FAILED, WORSE.residual_mas)
        assert fit.residual_mas == WORSE.residual_mas
        assert findings == [(FindingKind.SHIFT_MISMATCH, name, _said(WORSE))]
    else:
        assert (told.status, told.residual_mas, findings) == (SolutionStatus.PROPOSED, None, [])
        assert fit.residual_mas is None
    assert _is_fine(one, {3} if is_trusted else {4}) is (is_trusted and realised is GOOD)
    back = _kept_back(acceptance, one.fit, {None: TWO})
    assert (back.rootname, back.filename) == (ONE, f"{ONE}_flt.fits")
    assert back.reason == f"{TWO}, fitted with it as one group, is not moved."


def test_a_copy_is_measured_against_where_the_fit_puts_each_chip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = {Path("in"): {1: "a1", 2: "a2"}, Path("copy"): {1: "b1", 2: "b2"}}
    monkeypatch.setattr(exposure_accept, "read_hstwcs", frames.__getitem__)
    monkeypatch.setattr(
        exposure_accept, "with_linear_terms", lambda frame, chip: f"{frame} by {chip.name}"
    )
    wanted = {1: "a1 by x", 2: "a2 by y"}
    before, after = frames.values()
    apart = [(before, wanted, (1.0, 2.0)), (before, after, (3.0, 4.0)), (wanted, after, (5.0, 6.0))]

    def displacement(one: Any, other: Any) -> Any:
        (found,) = (size for first, second, size in apart if (first, second) == (one, other))
        return SimpleNamespace(median_mas=found[0], max_mas=found[1])

    monkeypatch.setattr(exposure_accept, "displacement", displacement)
    chips: Any = [SimpleNamespace(extver=1, name="x"), SimpleNamespace(extver=2, name="y")]
    fit: Any = SimpleNamespace(path=Path("in"), chips=chips)
    assert exposure_accept._measured(fit, Path("copy")) == Realised(1.0, 3.0, 6.0)


def test_members_are_measured_against_the_movement_of_their_product(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = {
        Path(name): {1: f"{name} 1", 2: f"{name} 2"}
        for name in ("old", "new", "one", "two", "one copy", "two copy")
    }
    moved = {
        ("one", "predicted one"): 10.0, ("one", "one copy"): 11.0, ("predicted one", "one copy"): 2,
        ("two", "predicted two"): 20.0, ("two", "two copy"): 21.0, ("predicted two", "two copy"): 3,
    }  # fmt: skip

    def name_of(frame: Any) -> str:
        return str(frame[1]).removesuffix(" 1")

    def predicted(before: Any, old: Any, new: Any) -> dict[int, str]:
        assert (old, new) == ("old 1", "new 1")
        return {1: f"predicted {name_of(before)} 1"}

    monkeypatch.setattr(accept, "read_hstwcs", frames.__getitem__)
    monkeypatch.setattr(accept, "sky_grid", name_of)
    monkeypatch.setattr(accept, "predicted", lambda *told: name_of(predicted(*told)))
    monkeypatch.setattr(
        accept, "displacement_of_grids", lambda *pair: SimpleNamespace(median_mas=moved[pair])
    )
    monkeypatch.setattr(accept, "residual_mas", lambda wanted, after: moved[wanted, name_of(after)])
    fit: Any = SimpleNamespace(drizzled=Path("old"), exposures={4: Path("one"), 5: Path("two")})
    job: Any = SimpleNamespace(drizzled=Path("new"))
    copies = {4: Path("one copy"), 5: Path("two copy")}
    found = accept.AcceptService(services.context)._measure(fit, job, copies)
    assert (found.drizzled, found.exposures) == (Path("new"), copies)
    assert found.realised == {4: Realised(10.0, 11.0, 2), 5: Realised(20.0, 21.0, 3)}


def test_an_acceptance_on_record_tells_of_the_exposures_that_it_moved() -> None:
    shelf = ProductSet()
    first = shelf.add(delivery(ONE))
    made = accepted(first)
    made.id = 7

    def solution(version: Any, applied: Any = None, key: int | None = None) -> Any:
        return SimpleNamespace(
            version=version, applied_version=applied, applied_version_id=key, status="applied",
            predicted_shift_mas=1.0, realised_shift_mas=2.0, residual_mas=3.0,
        )  # fmt: skip

    product: Any = SimpleNamespace(product=SimpleNamespace(exposure=None))
    acceptance: Any = SimpleNamespace(
        alignment_run_id=5,
        generated=[SimpleNamespace(version_id=7)],
        solutions=[solution(made), solution(product)],
        alignment_run=SimpleNamespace(
            solutions=[solution(first, made, 7), solution(first, first, 8), solution(first)]
        ),
    )
    found = recorded_outcomes(acceptance)
    assert [(one.run, one.rootname, one.version) for one in found] == [(5, ONE, 2), (5, ONE, 2)]
    assert {(o.predicted_shift_mas, o.realised_shift_mas, o.residual_mas) for o in found} == {
        (1.0, 2.0, 3.0)
    }


@pytest.mark.parametrize(
    ("count", "advice"),
    [
        (0, "Name exposures, or leave out --what exposures."),
        (1, "Name its exposures (a), or leave out --what exposures."),
        (3, "Name its exposures (a, b, c), or leave out --what exposures."),
        (4, "Name its exposures (a, b, c, ...), or leave out --what exposures."),
        (6, "Name its exposures (a, b, c, ...), or leave out --what exposures."),
    ],
)
def test_a_drizzled_product_is_refused_with_some_of_its_exposures(count: int, advice: str) -> None:
    members = [SimpleNamespace(rootname=name) for name in "abcdef"[:count]]
    product: Any = SimpleNamespace(kind="drz", members=members)
    assert _drizzled("x", product).advice == advice


@pytest.mark.parametrize("first", EXPOSURE_KINDS)
@pytest.mark.parametrize("second", EXPOSURE_KINDS)
def test_of_two_kinds_of_an_exposure_the_better_is_kept_and_the_other_passed_over(
    first: ProductKind, second: ProductKind
) -> None:
    kinds = list(dict.fromkeys((first, second)))
    shelf = ProductSet()
    found = []
    for key, kind in enumerate(kinds):
        version = shelf.add(delivery(ONE, kind=kind))
        version.id = key
        found.append(ChosenInput(version, "named"))
    best, *others = sorted(kinds, key=EXPOSURE_KINDS.index)
    (kept,) = _one_kind_of_each(found)
    assert kept.version.product.kind is best
    assert kept.passed_over == tuple(f"{ONE}_{kind}.fits" for kind in others)


def test_flags_of_exposures_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[Any] = [
        SimpleNamespace(rootname=name, version=SimpleNamespace(has_signal=name != TWO))
        for name in (ONE, TWO)
    ]
    old = Flag(FindingKind.STALE_INPUT, ONE, "it is old")
    for name in ("stale_input", "tied_delivery", "quality"):
        own = Flag(FindingKind.QUALITY, ONE, name)
        monkeypatch.setattr(exposures, name, lambda told, own=own: [old, own] * (told is chosen))
    monkeypatch.setattr(exposures, "book_remarks", lambda *_: {TWO: ["a note", "another"]})
    session: Any = None
    found = exposure_flags(session, chosen)
    assert [(one.guard.name, one.subject, one.message.split(",")[0]) for one in found] == [
        ("STALE_INPUT", ONE, "it is old"),
        *(("QUALITY", ONE, name) for name in ("stale_input", "tied_delivery", "quality")),
        ("NO_SIGNAL", TWO, "it has no exposure time or no good pixel"),
        *(("FLAGGED_INPUT", TWO, text) for text in ("a note", "another")),
    ]


def test_a_history_is_of_a_name_of_a_selection_or_of_what_both_have(
    services: Services, session: Session
) -> None:
    survey = Survey(session)
    one, two, other = (survey.exposure(*place) for place in (("50", 1), ("50", 2), ("51", 1)))
    for exposure in (one, two, other):
        survey.content(exposure, date="2019-01-01")
    survey.align(survey.content(one, date="2021-01-01"), survey.catalog("gaia"))
    session.commit()
    names = [f"ibxl{number}q_flt.fits" for number in ("5001", "5002", "5101")]
    history = services.solutions.history

    def found(name: str | None = None, **scope: Any) -> dict[str, set[int]]:
        rows = history(name, Scope(**scope) if scope else None)
        files: dict[str, set[int]] = {}
        for row in rows:
            files.setdefault(row["product"], set()).add(row["version"])
        return files

    assert found("ibxl5001q") == {names[0]: {1, 2, 3}}
    assert found("ibxl5001q@1") == {names[0]: {1}}
    assert found(f"{names[0]}@2") == {names[0]: {2}}
    assert found(visits=("bxl50",)) == {names[0]: {1, 2, 3}, names[1]: {1}}
    assert found("ibxl5???q", visits=("bxl51",)) == {names[2]: {1}}
    assert found("ibxl5001q", as_of=date(2020, 1, 1)) == {names[0]: {1}}
    assert found(visits=("bxl50",), as_of=date(2020, 1, 1)) == {names[0]: {1}, names[1]: {1}}
    assert found("ibxl5001q", flavour=Flavour.SKYDB) == {names[0]: {3}}
    with pytest.raises(UsageError, match="of one name, or of a selection"):
        found()
    for name, scope, said in (
        ("ibxl5001q@9", {}, "ibxl5001q@9"),
        ("ibxl5001q", {"visits": ("bxl51",)}, "ibxl5001q"),
    ):
        with pytest.raises(NotFoundError, match=f"no solution of {said}"):
            found(name, **scope)
    with pytest.raises(NotFoundError, match="first archive version here: 2019-01-01"):
        found(visits=("bxl51",), as_of=date(2018, 1, 1))


def test_times_and_answers_of_a_history_are_the_same_on_both_databases(
    services_anywhere: Services,
) -> None:
    services = services_anywhere
    with services.context.store.writing() as session:
        survey = Survey(session)
        exposure = survey.exposure("50", 1)
        survey.content(exposure, date="2019-01-01")
        survey.align(survey.content(exposure, date="2021-01-01"), survey.catalog("gaia"))
        session.commit()
    rows = services.solutions.history("ibxl5001q")
    times = [row[name] for row in rows for name in ("recorded_at", "fitted_at", "applied_at")]
    assert {type(time) for time in times} == {datetime, type(None)}
    assert {time.tzinfo for time in times if time is not None} == {UTC}
    assert [row["is_imported"] for row in rows] == [False] * len(rows)
    assert {type(row["is_imported"]) for row in rows} == {bool}


def test_a_restored_solution_is_measured_from_the_file_to_what_was_asked_for(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = {Path("in"): "before", Path("copy"): "now"}
    apart = {
        ("before", "wanted"): (1.0, 2.0), ("before", "now"): (3.0, 4.0),
        ("now", "wanted"): (5.0, 6.0),
    }  # fmt: skip
    monkeypatch.setattr(wcs_ledger, "read_hstwcs", frames.__getitem__)
    monkeypatch.setattr(wcs_ledger, "find_solution", lambda _, key: {3: "solution"}[key])
    monkeypatch.setattr(wcs_ledger, "wcs_of", lambda _, one: {"solution": "wanted"}[one])
    monkeypatch.setattr(
        wcs_ledger, "difference",
        lambda *pair: SimpleNamespace(median_mas=apart[pair][0], max_mas=apart[pair][1]),
    )  # fmt: skip
    plan: Any = SimpleNamespace(solution_id=3, path=Path("in"))
    service = wcs_ledger.WcsLedgerService(services.context)
    assert service._measure(plan, Path("copy")) == Realised(1.0, 3.0, 6.0)


def test_a_solution_is_planned_with_its_label_its_exposure_and_its_catalogue(
    services: Services, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = Survey(session)
    exposure = survey.exposure("50")
    old = survey.content(exposure, date="2019-01-01")
    gaia = survey.catalog("gaia")
    aligned = survey.align(old, gaia)
    drizzled = survey.content(survey.drizzled(exposure))
    first, carried, product = (one.solutions[0] for one in (old, aligned, drizzled))
    first.fit_catalog, first.wcs_type, first.hdr_name = "GSC", "fitted", "own"
    carried.wcs_type = product.wcs_type = None
    carried.status = product.status = SolutionStatus.APPLIED
    keys = [one.id for one in (first, carried, product)]
    newest, in_file = aligned.id, drizzled.id
    chips = [one.as_facts().chips for one in (first, carried)]
    names = [one.wcs_name for one in (first, carried)]
    session.commit()
    monkeypatch.setattr(wcs_ledger, "checked_path", lambda _, version: Path(f"{version.id}.fits"))
    plan_of = wcs_ledger.WcsLedgerService(services.context)._plan
    plan = plan_of(keys[0])
    assert (plan.solution_id, plan.version_id, plan.path) == (
        keys[0], newest, Path(f"{newest}.fits")
    )  # fmt: skip
    assert (plan.label.wcs_name, plan.label.wcs_type, plan.chips) == (names[0], "fitted", chips[0])
    assert (plan.hdr_name, plan.rootname, plan.catalog) == ("own", "ibxl5001q", "GSC")
    with pytest.raises(StateError, match="is active"):
        plan_of(keys[1])
    active = plan_of(keys[1], in_force_too=True)
    assert (active.label.wcs_name, active.label.wcs_type, active.catalog) == (names[1], "", "gaia")
    assert (active.hdr_name, active.chips) == (None, chips[1])
    made = plan_of(keys[2], in_force_too=True)
    assert (made.version_id, made.rootname, made.catalog) == (in_file, "", "")


def test_two_fits_that_move_one_file_are_not_accepted_together() -> None:
    def fit(product: str, *keys: int) -> Any:
        return SimpleNamespace(
            product=product, exposures={key: Path(f"{key}_flt.fits") for key in keys}
        )

    one, other, apart = fit("a_drz.fits", 1, 2), fit("total_drz.fits", 2, 3), fit("b_drz.fits", 4)
    _require_apart(5, [one, apart])
    with pytest.raises(StateError) as caught:
        _require_apart(5, [one, apart, other])
    assert caught.value.what == ("The fits of a_drz.fits and total_drz.fits both move 2_flt.fits.")
    assert "skydb align reject 5" in caught.value.advice
