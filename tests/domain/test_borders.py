"""Decisions of entities at their borders: the same, the first, none, both sides of a limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest

from skydb.domain import AlignmentSolution, Preset, SkyValue, Visit
from skydb.domain.cataloguse import CatalogUse, WithoutMotion
from skydb.domain.choice import Wish, by_exposure, choose, newest_in_time
from skydb.domain.combinations import choose_combinations
from skydb.domain.condition import Condition
from skydb.domain.guards import stale_input
from skydb.domain.motion import MotionRecord, check_motion
from skydb.domain.units import common_unit
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import Flavour, ProductKind, SkyUnit
from skydb.errors import UsageError
from tests.domain.entities import catalog, facts_of, file_of, ingest, version_of, wcs
from tests.domain.shelves import MVM, PIPELINE, SVM, USER, ProductSet, accepted, chosen, delivery
from tests.domain.test_combinations import combination

ONE, TWO = "ibxl50iaq", "ibxl50ibq"


def _shelf(*flavours: Flavour, names: tuple[str, ...] = (ONE, TWO)) -> ProductSet:
    made = ProductSet()
    for flavour in flavours:
        for name in names:
            made.add(delivery(name, flavour=flavour))
    return made


def test_why_a_flavour_was_chosen_is_said() -> None:
    def reasons(shelf: ProductSet, wish: Wish | None = None) -> set[str]:
        return {one.reason.partition(";")[0] for one in choose(shelf.all, wish)}

    one, two = _shelf(PIPELINE), _shelf(PIPELINE, SVM)
    assert "pipeline is the one flavour of all exposures" in str(reasons(one))
    assert "pipeline is the first flavour of all exposures" in str(reasons(two))
    named = str(reasons(two, Wish(flavour=SVM)))
    assert "flavour svm was named" in named and "first" not in named
    for product in two.all:
        if product.flavour is SVM:
            accepted(product.versions[0])
    aligned = "svm is the first flavour of which all exposures are aligned"
    assert aligned in str(reasons(two))


@pytest.mark.parametrize("own", [PIPELINE, SVM, MVM, USER, Flavour.SKYDB])
@pytest.mark.parametrize("asked", [PIPELINE, SVM, MVM, USER, Flavour.SKYDB])
@pytest.mark.parametrize("is_named", [True, False])
def test_a_product_stands_for_its_own_flavour_and_skydb_for_what_it_made(
    own: Flavour, asked: Flavour, is_named: bool
) -> None:
    shelf = ProductSet()
    outside = shelf.add(delivery(ONE, flavour=own))
    wish = Wish(flavour=asked if is_named else None)
    before = newest_in_time(shelf.all[0], asked, wish)
    assert before is (outside if own is asked else None)
    made = accepted(outside)
    found = newest_in_time(shelf.all[0], asked, Wish(flavour=asked if is_named else None))
    if asked is Flavour.SKYDB:
        assert found is (made if is_named or own is asked else None)
    else:
        assert found is (made if own is asked else None)
    assert newest_in_time(shelf.all[0], asked, Wish(as_of=date(1999, 1, 1))) is None


def test_only_products_of_exposures_with_an_archive_version_can_be_chosen() -> None:
    shelf = _shelf(PIPELINE)
    bare = _shelf(PIPELINE, names=("ibxl50icq",)).all[0]
    bare.versions.clear()
    drizzled = combination("ibxl50030", PIPELINE, ONE, TWO)
    assert list(by_exposure([*shelf.all, bare, drizzled])) == [ONE, TWO]


def test_combinations_of_skydb_are_taken_by_members_first() -> None:
    # The largest is the oldest.
    largest = combination("ibxl50003", Flavour.SKYDB, ONE, TWO, "ibxl50icq")
    large = combination("ibxl50002", Flavour.SKYDB, ONE, TWO)
    small = combination("ibxl50001", Flavour.SKYDB, ONE)
    shelf = _shelf(PIPELINE, names=(ONE, TWO, "ibxl50icq"))
    for product in shelf.all:
        accepted(product.versions[0])
    for order in permutations((small, large, largest)):
        found = choose_combinations(order, shelf.all, Wish(flavour=Flavour.SKYDB))
        assert [one.version.product for one in found] == [largest]


def test_a_catalogue_is_the_same_only_with_all_of_content_epoch_and_use() -> None:
    gaia = catalog()
    assert gaia.is_same_content("c" * 64, 2016.0, gaia.use)
    for sha256 in ("b" * 64, "d" * 64):
        assert not gaia.is_same_content(sha256, 2016.0, gaia.use)
    for epoch in (2015.5, 2016.5):
        assert not gaia.is_same_content("c" * 64, epoch, gaia.use)
    assert not gaia.is_same_content("c" * 64, 2016.0, CatalogUse(None, None, 18.0))


def test_a_stale_input_is_told_the_newest_of_several() -> None:
    shelf = ProductSet()
    versions = [
        shelf.add(delivery(ONE, cal_ver=f"3.{year}.0", date_written=f"{year}-01-01"))
        for year in (2015, 2016, 2018)
    ]
    (flag,) = stale_input(chosen(versions[0]))
    assert flag.message == (
        "version 1 is used; version 3 is of a newer archive version (3.2018.0, 2018-01-01)."
    )
    assert not list(stale_input(chosen(versions[2])))


def _motion(treatment: WithoutMotion) -> MotionRecord:
    return MotionRecord(
        sources=10, without_motion=5, treatment=treatment, still_epoch=2000.0, used_epoch=2020.0,
        motion_mas_yr=3.0, error_mas_yr=0.1,
    )  # fmt: skip


def test_sources_that_moved_in_bulk_pull_by_the_error_and_kept_ones_by_the_motion() -> None:
    kept, bulk = (check_motion(_motion(one)) for one in (WithoutMotion.KEEP, WithoutMotion.BULK))
    assert "may pull the fit by 30.0 mas" in kept.reason
    assert "may pull the fit by 1.0 mas" in bulk.reason
    assert "may pull" not in check_motion(_motion(WithoutMotion.DROP)).reason


@pytest.mark.parametrize("length", [1, 2])
def test_a_name_of_a_preset_has_one_to_many_characters_without_spaces_around(length: int) -> None:
    assert Preset("x" * length, {}, "somebody").name == "x" * length
    longest = Preset.__table__.c.name.type.length
    assert Preset("x" * longest, {}, "somebody").name == "x" * longest
    for name in ("", " ", " x", "x ", "x" * (longest + 1)):
        with pytest.raises(UsageError, match="is not a valid name of a preset") as caught:
            Preset(name, {}, "somebody")
        assert caught.value.advice == (
            f"Give 1 to {longest} characters without spaces around them."
        )


def test_archive_versions_are_counted_from_one_and_found_by_their_checksum() -> None:
    shelf = ProductSet()
    versions = [shelf.add(delivery(ONE, date_written=f"{year}-01-01")) for year in (2015, 2018)]
    made = accepted(versions[0])
    assert [one.delivery for one in (*versions, made)] == [1, 2, 1]
    assert made.locations[0].is_managed and not versions[0].locations[0].is_managed
    product = versions[0].product
    for one in (*versions, made):
        assert product.version_with(one.sha256) is one
    for sha256 in ("", "0" * 64, "g" * 64):
        assert product.version_with(sha256) is None


@pytest.mark.parametrize(
    ("kind", "flags", "is_lacking"),
    [
        (ProductKind.C0M, None, True),
        (ProductKind.C0M, "a" * 64, False),
        *((kind, None, False) for kind in ProductKind if kind is not ProductKind.C0M),
    ],
)
def test_only_files_that_have_flags_in_another_file_lack_them(kind, flags, is_lacking) -> None:
    version = version_of()
    version.product.kind, version.dq_sha256 = kind, flags
    assert version.lacks_flags is is_lacking


@pytest.mark.parametrize("key", ["A", "O", "\t", ""])
def test_the_current_solution_is_that_of_the_primary_wcs(key: str) -> None:
    version = version_of()
    AlignmentSolution.found(version, ingest(), wcs("IDC_a", key))
    assert version.current_solution is None
    version.product.settle(version)
    primary = AlignmentSolution.found(version, ingest(), wcs("IDC_b"))
    assert version.current_solution is primary
    assert version.solutions[0].superseded_by is None


def test_a_solution_never_replaces_itself() -> None:
    version = version_of()
    one, other = (AlignmentSolution.found(version, ingest(), wcs()) for _ in "ab")
    one.supersede([one, other])
    assert one.superseded_by is None and other.superseded_by is one


def test_a_file_has_its_own_name_where_its_header_says_so_or_nothing() -> None:
    name = "ibxl50ivq_flt.fits"
    product = version_of().product
    for number, (told, is_own) in enumerate(((name, True), (None, True), ("b.fits", False))):
        # Another text with the same characters.
        header = told and "".join(list(told))
        file = replace(file_of(name, f"{number + 2}" * 64), header_filename=header)
        assert product.add_version(file).is_own_name is is_own


def test_a_visit_learns_what_it_did_not_know() -> None:
    visit = Visit("bxl", "50", None, None)
    visit.learn(facts_of())
    assert (visit.proposal_id, visit.target_name) == (12812, "HORSEHEAD")
    visit.learn(replace(facts_of(), proposal_id=1, target_name=None))
    assert (visit.proposal_id, visit.target_name) == (12812, "HORSEHEAD")


@pytest.mark.parametrize("names", list(permutations(["HORSEHEAD", "ANY", "NGC-1"])))
def test_a_visit_has_the_names_of_all_its_targets_in_whatever_order(names: tuple[str, ...]) -> None:
    visit = Visit.of(replace(facts_of(), target_name=names[0]))
    for name in (*names, names[0]):
        visit.learn(replace(facts_of(), target_name=name))
    assert visit.target_name == "ANY, HORSEHEAD, NGC-1"


def test_more_targets_than_there_is_room_for_are_several() -> None:
    visit = Visit("bxl", "50", None, None)
    for number in range(20):
        visit.learn(replace(facts_of(), target_name=f"TARGET-{number}"))
    assert visit.target_name == "several"


def test_a_value_belongs_to_an_exposure_with_or_without_its_file() -> None:
    version = version_of()
    level = SkyLevel(ONE, 1, 0.5, SkyUnit.ELECTRON)
    exposure = version.require_exposure()
    of_file, of_log = SkyValue(version, level), SkyValue(exposure, level)
    assert (of_file.version, of_file.exposure) == (version, exposure)
    assert (of_log.version, of_log.exposure) == (None, exposure)


@pytest.mark.parametrize("seconds", [None, 0.0, -1.0, -0.5, float("nan")])
def test_a_rate_becomes_a_count_by_an_exposure_time_above_none(seconds: float | None) -> None:
    rate, count = Condition(exptime_s=seconds, bunit="ELECTRONS/S"), Condition(bunit="ELECTRONS")
    several = {"a": rate, "b": count, "c": count}
    found = common_unit(several)
    assert found.obstacles == ("a has no exposure time in its header",)
    assert found.conversions == {}
    known = common_unit({**several, "a": Condition(exptime_s=0.5, bunit="ELECTRONS/S")})
    assert known.conversions["a"].time_factor == 0.5 and not known.obstacles


@pytest.mark.parametrize("gain", [None, 0.0, -1.0, -0.5])
def test_counts_become_electrons_by_a_gain_above_none(gain: float | None) -> None:
    several = {"a": Condition(gain=gain, bunit="COUNTS"), "b": Condition(bunit="ELECTRONS")}
    (told,) = common_unit(several).obstacles
    assert told.startswith("a has no gain in its header")
    known = common_unit({**several, "a": Condition(gain=0.5, bunit="COUNTS")})
    assert known.conversions["a"].gain == 0.5 and not known.obstacles


def test_of_two_combinations_the_one_of_older_files_goes_last() -> None:
    shelf = _shelf(PIPELINE)
    for flavours in ((PIPELINE, Flavour.SKYDB), (Flavour.SKYDB, PIPELINE)):
        first, second = (
            combination(f"ibxl5000{n}", one, ONE, TWO) for n, one in enumerate(flavours)
        )
        for behind, expected in (((first,), second), ((second,), first)):
            found = choose_combinations([first, second], shelf.all, behind=behind)
            assert [one.version.product for one in found] == [expected]
