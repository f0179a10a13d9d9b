"""What becomes of runs and fits without a database: what they keep, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skydb.domain import (
    Acceptance,
    AlignmentRun,
    AlignmentSolution,
    Mosaic,
    Product,
    SkyRun,
    SkyRunGroup,
    Stamp,
    Visit,
)
from skydb.domain.base import sparse_index
from skydb.domain.history import RunAttempt
from skydb.domain.references import is_subject, parse
from skydb.domain.values import FitParameters, Realised, SkyLevel, WcsName
from skydb.domain.visitdrizzle import VisitDrizzle
from skydb.domain.vocabulary import (
    AttemptOutcome,
    Engine,
    FindingKind,
    LinkRole,
    ReplayVerdict,
    SkyMethod,
    SkyUnit,
    SolutionOrigin,
    SolutionStatus,
)
from skydb.errors import StateError
from tests.domain.entities import (
    STAMP,
    catalog,
    file_of,
    ingest,
    sky_run,
    version_of,
    wcs,
)
from tests.logged import logged_fit, logged_product

FIT = FitParameters(1.0, 2.0, 0.1, 1.0001, 0.05, 0.06)


def run(reference: Any = None) -> AlignmentRun:
    return AlignmentRun(reference or catalog(), {"products": ["b_drz.fits", "a_drz.fits"]}, STAMP)


def test_only_what_a_log_knows_of_an_alignment_cannot_be_used() -> None:
    logged = run("GAIA of a log")
    assert (logged.reference, logged.known_catalog, logged.is_relative) == (
        "GAIA of a log", None, False
    )  # fmt: skip
    with pytest.raises(StateError, match="known from a log only"):
        _ = logged.catalog
    known = run()
    assert (known.catalog.name, known.reference, known.is_relative) == ("gaia", "gaia", False)
    logged.imported_by_id = 4
    with pytest.raises(StateError, match="known from a log; its fits"):
        logged.open_proposals()
    with pytest.raises(StateError, match="no fit that waits"):
        known.open_proposals()
    product = version_of("ibxl50010_drz.fits").product
    fit = logged_fit(product, known, WcsName.parse("IDC_a"), SolutionStatus.APPLIED)
    assert fit.fitted_at is None
    with pytest.raises(StateError, match="known from a log only"):
        _ = fit.version


def test_fits_come_in_the_order_of_the_files_of_their_run() -> None:
    names = ["c_drz.fits", "a_drz.fits", "b_drz.fits"]
    assert run().in_order(names, str) == ["b_drz.fits", "a_drz.fits", "c_drz.fits"]


def test_an_accepted_fit_supersedes_what_was_there() -> None:
    version, activity = version_of("ibxl50010_drz.fits"), run()
    old = AlignmentSolution.found(version, ingest(), wcs())
    fit = AlignmentSolution.propose(version, activity, catalog(), wcs("IDC_a-FIT_SKYDB_g"), FIT)
    assert activity.open_proposals() == [fit]
    acceptance = Acceptance(activity, {}, STAMP)
    made = acceptance.apply(fit, file_of("ibxl50010_drz.fits", "f" * 64), "made")
    assert (fit.status, fit.applied_version) == (SolutionStatus.APPLIED, made)
    assert old.superseded_by is fit
    assert [(link.version, link.role) for link in acceptance.generated] == [
        (made, LinkRole.ALIGNED)
    ]
    acceptance.leave("ibxl50ivq", "it is not here")
    assert [one.kind for one in acceptance.findings] == [FindingKind.NOT_MOVED]


@pytest.mark.parametrize(("residual_mas", "is_good"), [(0.5, True), (50.0, False)])
def test_a_carried_fit_counts_when_the_member_moved_as_it_should(residual_mas, is_good) -> None:
    version, member, activity = version_of("ibxl50010_drz.fits"), version_of(), run()
    old = AlignmentSolution.found(member, ingest(), wcs())
    fit = AlignmentSolution.propose(version, activity, catalog(), wcs("IDC_a-FIT_SKYDB_g"), FIT)
    carried = Acceptance(activity, {}, STAMP).carry(
        fit, member, file_of(sha256="f" * 64), "made", Realised(100.0, 100.0, residual_mas)
    )
    assert (carried.source, carried.catalog, carried.trust) == (fit, fit.catalog, fit.trust)
    assert carried.origin is SolutionOrigin.TWEAKBACK
    assert (old.superseded_by is carried) == is_good
    assert (carried.status is SolutionStatus.APPLIED) == is_good
    assert carried.residual_mas == residual_mas


def test_a_drizzled_visit_keeps_its_skies_and_flags_another_method() -> None:
    visit = version_of().product.visit
    made = [
        VisitDrizzle(visit, ("F160W", "IR"), SkyMethod.MATCH, {"a": 1}, STAMP, recipe_hash="e" * 64)
        for _ in range(2)
    ]
    levels = [SkyLevel("ibxl50ivq", 1, 0.5, None), SkyLevel("ibxl50iwq", 2, None, None)]
    for one, method in zip(made, (SkyMethod.MATCH, SkyMethod.LOCALMIN), strict=True):
        assert (one.filters, one.detector, one.visit) == ("F160W", "IR", visit)
        assert (one.recipe_hash, one.requested_method, one.skies) == ("e" * 64, SkyMethod.MATCH, {})
        assert one.product_version is None
        one.note_skies(levels, method, "no overlap")
        assert one.skies == {"ibxl50ivq[1]": 0.5, "ibxl50iwq[2]": None}
        assert (one.effective_method, one.parameters["a"]) == (method, 1)
        assert len(one.findings) == (method is SkyMethod.LOCALMIN)
    (flag,) = made[1].findings
    assert flag.message == "match was asked for, localmin ran. no overlap"
    version = version_of("ibxl50010_drz.fits")
    made[0].keep(version)
    assert made[0].product_version is version
    made[1].repeat(made[0])
    assert made[1].replay_of is made[0]


@pytest.mark.parametrize("verdict", list(ReplayVerdict))
def test_a_repetition_that_differs_contradicts(verdict: ReplayVerdict) -> None:
    original, again = sky_run(), sky_run()
    with pytest.raises(StateError, match="repeats no other run"):
        again.record_verdict(verdict, "it differs")
    again.repeat(original)
    again.replay_of_id = 3
    again.record_verdict(verdict, "it differs")
    assert (again.replay_of, again.replay_verdict) == (original, verdict)
    assert [one.message for one in again.findings] == ["it differs"] * (
        verdict is ReplayVerdict.DIFFERENT
    )


def test_a_sky_run_knows_its_files_tool_and_chips() -> None:
    group = SkyRunGroup("f" * 64, "a field")
    stamp = Stamp("somebody", "0.1.0")
    own = SkyRun(
        group, None, {"skydb": {"per_chip": True}}, stamp, recipe_hash="e", engine=Engine.SKYDB
    )
    other = SkyRun(group, None, {"astrodrizzle": {"per_chip": 1}}, stamp, recipe_hash="e")
    assert (own.is_per_chip, other.is_per_chip) == (True, False)
    assert (own.tool_version, other.tool_version) == ("skydb 0.1.0", None)
    with pytest.raises(StateError, match="sky method of run None is unknown"):
        _ = own.method
    assert own.pixel_files == ()
    own.masks_path = "masks"
    assert own.pixel_files == ("masks",)
    own.keep_mosaic(
        Mosaic("a", "b", science_sha256="a", weight_sha256="b", naxis_pix=(1, 1), size_bytes=2)
    )
    assert own.pixel_files == ("a", "b", "masks")
    own.masks_path = None
    assert own.pixel_files == ("a", "b")


def test_a_value_without_a_unit_is_flagged_and_every_input_has_one() -> None:
    version = version_of()
    for unit, count in ((None, 1), (SkyUnit.ELECTRON, 0)):
        one = sky_run()
        one.finish(
            [SkyLevel("ibxl50ivq", 1, 0.5, unit, 0.1, 7)], {"ibxl50ivq": version}, SkyMethod.MATCH
        )
        assert (one.downgraded, len(one.findings)) == (False, count)
        (value,) = one.values
        assert (value.exposure, value.version, value.extver) == (version.exposure, version, 1)
        assert (value.mdrizsky, value.mdrizsky_sigma, value.cr_masked_pix) == (0.5, 0.1, 7)
    with pytest.raises(StateError, match="no sky value for ibxl50ivq"):
        sky_run().finish([], {"ibxl50ivq": version}, SkyMethod.MATCH)
    with pytest.raises(StateError, match="is not one of its inputs"):
        sky_run().finish([SkyLevel("x", 1, 0.5, None)], {"ibxl50ivq": version}, SkyMethod.MATCH)


def test_a_product_of_a_log_is_recognised_by_its_file() -> None:
    file = file_of()
    product = logged_product("ibxl50ivq_flt.fits", file.kind, Visit.of(file.facts))
    assert product.is_only_logged
    product.recognise(file)
    assert not product.is_only_logged
    assert product.flavour is file.flavour
    with pytest.raises(LookupError, match="has no version"):
        _ = product.latest


def test_a_copy_under_its_own_name_decides_the_name_and_the_order() -> None:
    own = replace(file_of(sha256="1" * 64), header_filename="ibxl50ivq_flt.fits")
    copy = replace(own, path=Path("copy.fits"))
    version = version_of()
    product = Product.of(copy, version.product.visit, version.exposure)
    first = product.add_version(copy)
    assert (product.filename, first.is_own_name) == ("copy.fits", False)
    product.note_name(first, replace(copy, path=Path("other.fits")))
    assert (product.filename, first.is_own_name) == ("copy.fits", False)
    product.note_name(first, own)
    assert (product.filename, first.is_own_name) == ("ibxl50ivq_flt.fits", True)
    product.note_name(first, replace(own, path=Path("third.fits")))
    assert product.filename == "ibxl50ivq_flt.fits"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("ibxl50clq", True), ("ibxl50clq@2", False), ("run:3", True), ("solution:4", True),
     ("product:5", True)],
)  # fmt: skip
def test_notes_are_about_things_and_not_about_contents(text: str, is_one: bool) -> None:
    assert is_subject(parse(text)) is is_one


@pytest.mark.parametrize("outcome", [one for one in AttemptOutcome if one.name != "RUNNING"])
def test_an_attempt_ends_once(outcome: AttemptOutcome) -> None:
    attempt = RunAttempt(ingest(), 2, "host:7")
    attempt.end(outcome, "why")
    assert (attempt.outcome, attempt.error) == (outcome, "why")
    with pytest.raises(StateError, match="has ended"):
        attempt.end(outcome)


def test_a_row_is_shown_by_its_key() -> None:
    attempt = RunAttempt(ingest(), 2, "host:7")
    assert repr(attempt).startswith("<RunAttempt activity_id=None number=2")
    index = sparse_index("error")
    assert str(index.dialect_options["sqlite"]["where"]) == "error IS NOT NULL"
    assert str(index.dialect_options["postgresql"]["where"]) == "error IS NOT NULL"
