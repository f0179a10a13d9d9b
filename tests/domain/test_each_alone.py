"""What decides each alone: one of several reasons, every member of a vocabulary."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    CatalogImport,
    CatalogService,
    InputProof,
    Product,
    ProductVersion,
    ReferenceCatalog,
)
from skydb.domain.alignment import RELATIVE
from skydb.domain.cardchanges import CardChanges, HduChanges
from skydb.domain.cataloguse import WithoutMotion
from skydb.domain.chip import ChipSolution
from skydb.domain.choice import EXPOSURE_KINDS, Wish, choose, described, newest_in_time
from skydb.domain.condition import Condition
from skydb.domain.frames import frame_of
from skydb.domain.guards import flags_of
from skydb.domain.motion import MotionRecord
from skydb.domain.solution import FITTED
from skydb.domain.values import FileFacts, FitParameters, is_mirrored
from skydb.domain.vocabulary import (
    FindingKind,
    Flavour,
    ProductKind,
    SkyMethod,
    SolutionOrigin,
    SolutionStatus,
)
from skydb.errors import InputsRefusedError, StateError
from tests.domain.entities import CHIP, STAMP, catalog, file_of, ingest, sky_run, version_of, wcs
from tests.domain.shelves import PIPELINE, SVM, ProductSet, accepted, chosen, delivery

FIT = FitParameters(1.0, 2.0, 0.1, 1.0001, 0.05, 0.06)


@pytest.mark.parametrize("reference", ["gaia", RELATIVE, "zodiac"])
def test_visits_are_aligned_to_each_other_when_there_is_no_catalogue(reference: str) -> None:
    logged = AlignmentRun(reference, {}, STAMP)
    assert logged.is_relative is (reference == RELATIVE)
    known = catalog()
    known.name = reference
    assert not AlignmentRun(known, {}, STAMP).is_relative


def test_the_word_for_no_catalogue_is_known_by_what_it_says() -> None:
    # As it comes out of a database.
    assert AlignmentRun("".join(RELATIVE), {}, STAMP).is_relative


@pytest.mark.parametrize("status", list(SolutionStatus))
def test_only_a_proposal_waits_for_review(status: SolutionStatus) -> None:
    run = AlignmentRun(catalog(), {}, STAMP)
    version = version_of("ibxl50010_drz.fits")
    fit = AlignmentSolution.propose(version, run, catalog(), wcs("IDC_a-FIT_SKYDB_g"), FIT)
    fit.status = status
    if status is SolutionStatus.PROPOSED:
        assert run.open_proposals() == [fit]
    else:
        with pytest.raises(StateError, match="no fit that waits"):
            run.open_proposals()


@pytest.mark.parametrize(
    "changes",
    [HduChanges(added={"A": 1}), HduChanges(removed={"A": 1}), HduChanges(changed={"A": (1, 2)}),
     HduChanges(pixels_changed=True)],
)  # fmt: skip
def test_one_kind_of_change_is_a_change(changes: HduChanges) -> None:
    assert not changes.is_empty
    assert len(changes.as_document()) == 1
    assert HduChanges().is_empty and HduChanges().as_document() == {}


@pytest.mark.parametrize("query", [None, {"radius_arcmin": 3.0}])
def test_a_catalogue_keeps_what_was_asked_for(query: dict[str, float] | None) -> None:
    made = ReferenceCatalog(
        "gaia", CatalogService.FILE, activity=CatalogImport({}, STAMP), sources=1, sha256="c" * 64,
        path="gaia.ecsv", epoch=2016.0, has_proper_motions=False, query=query,
    )  # fmt: skip
    assert made.query == (query or {})


def test_an_input_says_how_its_version_was_named() -> None:
    shelf = ProductSet()
    first = shelf.add(delivery("ibxl50iaq", flavour=PIPELINE))
    shelf.add(delivery("ibxl50iaq", flavour=SVM))
    (by_file,) = choose(shelf.all, Wish(files={"ibxl50iaq": first.sha256}))
    assert (by_file.version, by_file.reason) == (first, "named by its file")
    (by_number,) = choose(shelf.all, Wish(versions={"ibxl50iaq": 1}, flavour=PIPELINE))
    assert (by_number.version, by_number.reason) == (first, "named as ibxl50iaq@1")


@pytest.mark.parametrize("end", ["mixed", "alone"])
def test_flagged_frames_are_named(end: str) -> None:
    names = ("TWEAK", "IDC_w3m18525i") if end == "mixed" else ("TWEAK", "TWEAK")
    shelf = ProductSet()
    used = [
        shelf.add(delivery(f"ibxl50i{letter}q"), name)
        for letter, name in zip("ab", names, strict=True)
    ]
    said = [one.message for one in flags_of(chosen(*used)) if one.guard is FindingKind.MIXED_FRAMES]
    assert len(said) == (end == "mixed")
    assert all("WCSNAME TWEAK: ibxl50iaq" in text for text in said)
    assert all("guide stars: ibxl50ibq" in text for text in said)


def test_a_large_field_without_any_accepted_fit_is_not_mixed() -> None:
    version = ProductSet().add(delivery("ibxl50iaq"))
    found = {flag.guard for flag in flags_of(chosen(*[version] * 300))}
    assert not found & {FindingKind.MIXED_ALIGNMENT, FindingKind.MIXED_KINDS}


@pytest.mark.parametrize("after", ["a" * 64, "b" * 64, "0" * 64, None])
def test_an_input_is_untouched_when_its_content_is_the_same(after: str | None) -> None:
    version = version_of()
    assert version.sha256 == "a" * 64
    proof = InputProof(ingest(), version, "TweakReg", after and "".join(after), CardChanges())
    assert proof.is_untouched is (after == "a" * 64)


PATHS = ("b/one.fits", "a/one.fits", "c/one.fits")


@pytest.mark.parametrize("left", PATHS)
def test_a_file_is_known_at_each_of_its_paths_until_it_leaves_one(left: str) -> None:
    version = version_of()
    for place in list(version.locations):
        version.leave("".join(place.path))
    assert version.known_path is None
    for path in PATHS:
        version.see_at(path, is_managed=False)
    assert version.see_at("".join(left), is_managed=False).path == left
    assert [place.path for place in version.locations] == list(PATHS)
    assert version.known_path == PATHS[0]
    version.leave("".join(left))
    assert [place.path for place in version.locations] == [one for one in PATHS if one != left]


def _copies() -> tuple[Product, ProductVersion, ProductVersion]:
    """Two renamed copies of one calibration; the one that came last stands for the product."""
    shelf = ProductSet()
    first, last = (
        shelf.add(
            delivery(
                "ibxl50iaq", content=name, name=f"{name}.fits", header_filename="ibxl50iaq_flt.fits"
            )
        )
        for name in ("one", "two")
    )
    (product,) = shelf.all
    product.settle(last)
    assert product.latest is last
    return product, first, last


def _own(version: ProductVersion) -> FileFacts:
    return replace(
        file_of("ibxl50iaq_flt.fits", version.sha256), header_filename="ibxl50iaq_flt.fits"
    )


def test_a_copy_that_turns_up_under_its_own_name_stands_for_the_product() -> None:
    product, first, last = _copies()
    product.note_name(first, _own(first))
    assert product.latest is first
    now, then = first.current_solution, last.solutions[0]
    assert now is not None and now.superseded_by is None
    assert then.superseded_by is now


def test_a_name_that_changes_no_order_changes_no_solution() -> None:
    product, first, last = _copies()
    before = [one.superseded_by for version in (first, last) for one in version.solutions]
    product.note_name(last, _own(last))
    assert product.latest is last
    assert [one.superseded_by for v in (first, last) for one in v.solutions] == before
    assert last.current_solution is not None and last.current_solution.superseded_by is None


@pytest.mark.parametrize("bare", [0, 1])
def test_a_copy_without_a_wcs_takes_the_name_and_supersedes_nothing(bare: int) -> None:
    product, *versions = _copies()
    kept = versions[1 - bare].solutions[0]
    versions[bare].solutions.clear()
    kept.superseded_by = None
    product.note_name(versions[0], _own(versions[0]))
    assert (product.latest, product.filename) == (versions[0], "ibxl50iaq_flt.fits")
    assert kept.superseded_by is None


@pytest.mark.parametrize("name", ["aaa.fits", "zzz.fits"])
def test_another_copy_is_no_name_of_the_product(name: str) -> None:
    product, first, last = _copies()
    product.note_name(first, replace(_own(first), path=Path(name)))
    assert (product.latest, product.filename, first.is_own_name) == (last, "one.fits", False)


@pytest.mark.parametrize("status", list(SolutionStatus))
def test_a_new_solution_replaces_what_stands_in_files_or_was_applied(
    status: SolutionStatus,
) -> None:
    product = version_of("ibxl50010_drz.fits").product
    version = product.latest
    run = AlignmentRun(catalog(), {}, STAMP)
    old, new = (
        AlignmentSolution.propose(version, run, catalog(), wcs(f"IDC_a-FIT_SKYDB_{n}", "A"), FIT)
        for n in "gh"
    )
    assert old.wcs_key != " "
    old.status = status
    product.supersede_with(new)
    assert (old.superseded_by is new) is (status is SolutionStatus.APPLIED)


def test_versions_are_placed_from_one_on() -> None:
    shelf = ProductSet()
    for year in (2019, 2015, 2017):
        shelf.add(delivery("ibxl50iaq", date_written=f"{year}-01-01"))
    (product,) = shelf.all
    assert [version.place for version in product.versions] == [3, 1, 2]


@pytest.mark.parametrize("asked", list(SkyMethod))
@pytest.mark.parametrize("ran", list(SkyMethod))
def test_a_run_with_another_method_than_was_asked_for_is_flagged(
    asked: SkyMethod, ran: SkyMethod
) -> None:
    run = sky_run(asked)
    run.finish([], {}, ran)
    assert run.downgraded is (ran is not asked)
    assert len(run.findings) == (ran is not asked)


def _solution(origin: SolutionOrigin, status: SolutionStatus) -> AlignmentSolution:
    return AlignmentSolution(version_of(), ingest(), origin, status, wcs())


@pytest.mark.parametrize("origin", list(SolutionOrigin))
@pytest.mark.parametrize("status", list(SolutionStatus))
def test_a_wcs_is_a_fit_when_it_was_applied_or_restores_one_that_was(
    origin: SolutionOrigin, status: SolutionStatus
) -> None:
    one = _solution(origin, status)
    is_fit = origin in FITTED and status is SolutionStatus.APPLIED
    assert one.is_fitted is (is_fit and origin is not SolutionOrigin.RESTORED)
    one.source = _solution(SolutionOrigin.TWEAKBACK, SolutionStatus.APPLIED)
    assert one.is_fitted is (is_fit or origin is SolutionOrigin.RESTORED)
    one.source = _solution(SolutionOrigin.TWEAKBACK, SolutionStatus.FAILED)
    assert one.is_fitted is (is_fit and origin is not SolutionOrigin.RESTORED)


@pytest.mark.parametrize("other", ["", "\t", "A", "O"])
def test_the_wcs_in_force_is_the_one_without_a_letter(other: str) -> None:
    file = file_of("ibxl50ivq_flt.fits", "a" * 64, wcs("IDC_other", other), wcs())
    assert file.primary.name.text == "IDC_w3m18525i"
    with pytest.raises(LookupError, match="has no primary WCS"):
        _ = replace(file, solutions=(wcs("IDC_other", other),)).primary


@pytest.mark.parametrize(
    ("cd", "mirrored"),
    [((-1.0, 0.0, 0.0, 1.0), False), ((1.0, 0.0, 0.0, 1.0), True), ((0.0, 1.0, 1.0, 0.0), False),
     ((0.0, -1.0, 1.0, 0.0), True), ((0.0, 0.0, 0.0, 1.0), False)],
)  # fmt: skip
def test_a_sky_is_mirrored_when_its_axes_turn_the_other_way(
    cd: tuple[float, float, float, float], mirrored: bool
) -> None:
    assert is_mirrored(cd) is mirrored


def test_of_two_kinds_of_an_exposure_the_one_corrected_for_cte_is_taken() -> None:
    for kinds in ((ProductKind.FLT, ProductKind.FLC), (ProductKind.FLC, ProductKind.FLT)):
        shelf = ProductSet()
        for kind in kinds:
            shelf.add(delivery("ibxl50iaq", kind))
        (found,) = choose(shelf.all)
        assert found.version.product.kind is ProductKind.FLC


def test_a_number_that_several_flavours_have_names_no_version() -> None:
    shelf = ProductSet()
    for flavour in (PIPELINE, SVM):
        shelf.add(delivery("ibxl50iaq", flavour=flavour))
    with pytest.raises(InputsRefusedError, match="is in several products; name --flavour"):
        choose(shelf.all, Wish(versions={"ibxl50iaq": 1}))


def test_what_skydb_made_of_an_older_delivery_stands_for_no_newer_one() -> None:
    shelf = ProductSet()
    old = accepted(shelf.add(delivery("ibxl50iaq", date_written="2015-01-01")))
    (product,) = shelf.all
    wish = Wish(flavour=Flavour.SKYDB)
    assert newest_in_time(product, Flavour.SKYDB, wish) is old
    shelf.add(delivery("ibxl50iaq", date_written="2019-01-01"))
    assert newest_in_time(product, Flavour.SKYDB, wish) is None


def test_an_input_is_described_with_the_wcs_that_it_has() -> None:
    version = ProductSet().add(delivery("ibxl50iaq"), "IDC_w3m18525i-GSC240")
    assert described(version)["wcs_name"] == "IDC_w3m18525i-GSC240"
    assert described(version)["alignment"] == "archive"
    version.solutions.clear()
    assert described(version)["wcs_name"] is None


@pytest.mark.parametrize("has_outline", [True, False])
def test_a_chip_with_an_outline_has_a_circle_around_it(has_outline: bool) -> None:
    geometry = CHIP if has_outline else replace(CHIP, polygon_deg=())
    chip = ChipSolution(geometry)
    assert (chip.s_region is not None) is has_outline
    assert (chip.radius_deg is not None) is has_outline
    if has_outline:
        x, y, z = chip.x, chip.y, chip.z
        assert None not in (x, y, z) and math.hypot(x, y, z) == pytest.approx(1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("flag", ["F", "N", "U", "X", "TRUE", ""])
def test_only_the_flag_of_a_moving_target_says_that_it_moved(flag: str) -> None:
    assert Condition(mtflag=flag).complaints == ()


def test_no_inputs_and_an_input_without_a_wcs_are_not_mixed() -> None:
    assert flags_of(()) == []
    bare = ProductSet().add(delivery("ibxl50iaq"))
    bare.solutions.clear()
    assert FindingKind.MIXED_FRAMES not in {flag.guard for flag in flags_of(chosen(bare))}


@pytest.mark.parametrize("plain", [kind for kind in EXPOSURE_KINDS if kind is not ProductKind.FLC])
def test_inputs_without_a_correction_for_cte_are_named(plain: ProductKind) -> None:
    shelf = ProductSet()
    kinds = (ProductKind.FLC, plain, ProductKind.FLC)
    used = [
        shelf.add(delivery(f"ibxl50i{letter}q", kind))
        for letter, kind in zip("abc", kinds, strict=True)
    ]
    said = [one.message for one in flags_of(chosen(*used)) if one.guard is FindingKind.MIXED_KINDS]
    assert said == ["no FLC is used of ibxl50ibq; the others are corrected for CTE."]


def test_of_inputs_that_were_moved_and_others_the_numbers_are_said() -> None:
    shelf = ProductSet()
    used = [shelf.add(delivery(f"ibxl50i{letter}q")) for letter in "abc"]
    flags = flags_of(chosen(accepted(used[0]), accepted(used[1]), used[2]))
    (said,) = [one.message for one in flags if one.guard is FindingKind.MIXED_ALIGNMENT]
    assert said.startswith("2 of 3 inputs hold an accepted fit, and ibxl50icq does not")


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("IDC_w3m18525i-FIT_REL_GAIAeDR3", "Gaia"),
        ("IDC_w3m18525i-FIT_REL_2MASS", "2MASS"),
        ("IDC_w3m18525i-GSC240", "a priori GSC240"),
        ("IDC_w3m18525i", "guide stars"),
        ("TWEAK", "WCSNAME TWEAK"),
    ],
)
def test_a_frame_is_named_by_what_the_wcs_was_made_of(name: str, frame: str) -> None:
    version = ProductSet().add(delivery("ibxl50iaq"), name)
    assert version.current_solution is not None
    assert frame_of(version.current_solution) == frame


def test_that_no_source_has_a_motion_is_said_of_many_too() -> None:
    many = [int("1000") for _ in range(2)]
    record = MotionRecord(*many, 2000.0, 2016.0, treatment=WithoutMotion.DROP)
    assert record.sentence().startswith("None of the 1000 sources has a proper motion; they ")
    fewer = MotionRecord(1000, 999, 2000.0, 2016.0, treatment=WithoutMotion.DROP)
    assert fewer.sentence().startswith("999 of 1000 sources have no proper motion and ")


def test_a_fit_replaces_what_stands_in_older_deliveries_and_not_in_newer_ones() -> None:
    shelf = ProductSet()
    old, middle, new = (
        shelf.add(delivery("ibxl50iaq", date_written=f"{year}-01-01"))
        for year in (2015, 2017, 2019)
    )
    (product,) = shelf.all
    fit = AlignmentSolution.found(middle, ingest(), wcs("IDC_w3m18525i-FIT_SKYDB_g"))
    product.supersede_with(fit)
    assert [one.solutions[0].superseded_by for one in (old, middle, new)] == [fit, fit, None]
