"""Choice of the drizzled products for a fit, by the files that the fit would move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import permutations

import pytest

from skydb.domain import AlignmentSolution, Product, Visit
from skydb.domain.choice import Unfitted, Wish
from skydb.domain.combinations import MADE_OF, choose_combinations
from skydb.domain.vocabulary import Flavour, ProductKind
from tests.domain.entities import file_of, ingest, wcs
from tests.domain.shelves import MVM, PIPELINE, SVM, USER, ProductSet, accepted, delivery

ONE, TWO = "ibxl50iaq", "ibxl50ibq"
OTHER = "ibxl51icq"


def combination(name: str, flavour: Flavour, *members: str, content: str = "d") -> Product:
    """A drizzled product with one content."""
    file = replace(file_of(f"{name}_drz.fits", content * 64), flavour=flavour)
    product = Product.of(file, Visit.of(file.facts))
    product.name_members(members)
    version = product.add_version(file)
    version.see_at(file.path.name, is_managed=False)
    AlignmentSolution.found(version, ingest(), wcs())
    return product


def fitted(
    combinations: Iterable[Product], files: Iterable[Product] = (), wish: Wish | None = None
) -> list[str]:
    return [one.version.product.filename[:-9] for one in choose_combinations(
        combinations, files, wish
    )]  # fmt: skip


def shelf(*flavours: Flavour, names: Iterable[str] = (ONE, TWO)) -> ProductSet:
    made = ProductSet()
    for flavour in flavours:
        for name in names:
            made.add(delivery(name, flavour=flavour))
    return made


P = combination("ibxl50010", PIPELINE, ONE, TWO)
S = combination("ibxl50svm", SVM, ONE, TWO)
M = combination("ibxl50mvm", MVM, ONE, TWO)


@pytest.mark.parametrize("combinations", list(permutations((P, S, M))), ids=lambda _: "")
def test_of_several_flavours_the_pipelines_is_fitted(combinations) -> None:
    assert fitted(combinations, shelf(PIPELINE, SVM, MVM).all) == ["ibxl50010"]


def test_without_a_combination_nothing_is_fitted() -> None:
    assert fitted([], shelf(PIPELINE).all) == []


def test_the_flavour_whose_files_an_acceptance_has_moved_stays() -> None:
    files = shelf(PIPELINE, SVM)
    for name in (ONE, TWO):
        accepted(files.products[f"{name}/flt/svm"].versions[0])
    assert fitted([P, S], files.all) == [S.filename[:-9]]


def test_a_flavour_that_is_wished_for_is_fitted_and_no_other() -> None:
    files = shelf(PIPELINE, SVM).all
    assert fitted([P, S], files, Wish(flavour=SVM)) == [S.filename[:-9]]
    assert fitted([P], files, Wish(flavour=SVM)) == []


def test_a_flavour_whose_files_lack_an_exposure_is_not_fitted() -> None:
    files = shelf(SVM)
    files.add(delivery(ONE, flavour=PIPELINE))
    assert fitted([P, S], files.all) == [S.filename[:-9]]


def test_files_that_no_combination_would_move_do_not_decide() -> None:
    """HAP's files are there too, but only the pipeline's product is."""
    assert fitted([P], shelf(PIPELINE, SVM).all) == ["ibxl50010"]
    assert fitted([S], shelf(PIPELINE, SVM).all) == [S.filename[:-9]]


def test_an_exposure_without_files_has_the_flavours_of_its_combinations() -> None:
    assert fitted([P, S]) == ["ibxl50010"]
    assert fitted([S]) == [S.filename[:-9]]


def test_combinations_that_name_no_members_stand_for_themselves() -> None:
    nameless = combination("ibxl52010", PIPELINE)
    assert fitted([nameless]) == ["ibxl52010"]


@pytest.mark.parametrize(("flavour", "is_beside"), [(PIPELINE, True), (SVM, False)])
def test_beside_others_a_combination_without_members_goes_by_its_flavour(
    flavour, is_beside
) -> None:
    nameless = combination("ibxl52010", flavour)
    found = fitted([P, nameless], shelf(PIPELINE).all)
    assert found == ["ibxl50010", *(["ibxl52010"] if is_beside else [])]


def test_no_exposure_is_moved_by_two_flavours() -> None:
    """A user's drizzle of one of them is made of the same files as the pipeline's product."""
    mine = combination("ibxl50own", USER, ONE)
    assert fitted([mine, P], shelf(PIPELINE).all) == ["ibxl50010"]
    other = combination("ibxl50own", USER, OTHER)
    files = [*shelf(PIPELINE).all, *shelf(PIPELINE, names=[OTHER]).all]
    assert fitted([other, P], files) == ["ibxl50own", "ibxl50010"]


def test_of_two_products_of_one_exposure_one_is_fitted() -> None:
    """Two fits of it would be accepted one after the other, and the last would stay."""
    again = combination("ibxl50020", PIPELINE, TWO)
    for both in ([P, again], [again, P]):
        assert fitted(both, shelf(PIPELINE).all) == ["ibxl50010"]
    apart = combination("ibxl51010", PIPELINE, OTHER)
    files = [*shelf(PIPELINE).all, *shelf(PIPELINE, names=[OTHER]).all]
    assert fitted([P, again, apart], files) == ["ibxl50010", "ibxl51010"]


def unfitted(
    combinations: Iterable[Product], files: Iterable[Product]
) -> dict[str, list[Unfitted]]:
    return {
        one.version.product.filename[:-9]: list(one.unfitted)
        for one in choose_combinations(combinations, files)
    }


def test_exposures_without_a_fit_are_named_with_the_product_that_has_them() -> None:
    last = "ibxl50idq"
    most = combination("ibxl50010", PIPELINE, ONE, TWO, OTHER)
    beside = combination("ibxl50020", PIPELINE, TWO, last)
    files = shelf(PIPELINE, names=(ONE, TWO, OTHER, last)).all
    left = Unfitted(beside.filename, (TWO,), (last,))
    for both in ([most, beside], [beside, most]):
        assert unfitted(both, files) == {"ibxl50010": [left]}
    alone = combination("ibxl50030", PIPELINE, last)
    assert unfitted([most, beside, alone], files) == {"ibxl50010": [], "ibxl50030": []}
    part = combination("ibxl50040", PIPELINE, TWO)
    assert unfitted([most, part], files) == {"ibxl50010": []}


def hap(name: str, *members: str) -> Product:
    """A product of a single visit by HAP."""
    product = combination("ibxl50svm", SVM, *members)
    product.filename = f"hst_12812_50_wfc3_ir_{name}_ibxl50_drz.fits"
    return product


def test_the_products_of_filters_go_before_the_total_one() -> None:
    """A total product is of all filters of a visit."""
    total, broad = hap("total", ONE, TWO, OTHER), hap("f160w", OTHER)
    narrow = hap("f128n", ONE, TWO)
    files = [*shelf(SVM).all, *shelf(SVM, names=[OTHER]).all]
    assert fitted([total, narrow, broad], files) == [narrow.filename[:-9], broad.filename[:-9]]
    assert fitted([total], files) == [total.filename[:-9]]


def test_a_drc_is_fitted_beside_a_drz_of_the_same_exposures() -> None:
    """One moves the FLCs, the other the FLTs."""
    drc = combination("ibxl50010", PIPELINE, ONE, TWO)
    drc.kind = ProductKind.DRC
    assert fitted([P, drc], shelf(PIPELINE).all) == ["ibxl50010", "ibxl50010"]


@pytest.mark.parametrize("flavour", [PIPELINE, SVM, MVM, USER])
@pytest.mark.parametrize("of", [PIPELINE, SVM, MVM, USER])
def test_a_product_moves_the_files_that_it_can_be_made_of(flavour, of) -> None:
    product = combination("ibxl50any", flavour, ONE)
    files = shelf(of, names=[ONE]).all
    assert fitted([product], files) == (["ibxl50any"] if of in MADE_OF[flavour] else [])


def test_why_a_combination_was_chosen_is_said() -> None:
    (found,) = choose_combinations([P], shelf(PIPELINE).all)
    assert "pipeline" in found.reason and "; " in found.reason


def test_a_product_of_older_files_is_fitted_for_what_no_other_moves() -> None:
    again = combination("ibxl50020", PIPELINE, TWO)
    files = shelf(PIPELINE).all

    def behind(*old: Product) -> list[str]:
        found = choose_combinations([P, again], files, behind=old)
        return [one.version.product.filename[:-9] for one in found]

    assert behind(P) == ["ibxl50020"]
    assert behind(again) == ["ibxl50010"]
    assert behind(P, again) == ["ibxl50010"]


@pytest.mark.parametrize("flavour", [PIPELINE, SVM, MVM, USER, Flavour.SKYDB])
def test_of_products_of_the_same_exposures_the_newest_is_fitted(flavour) -> None:
    old, new = (combination(f"ibxl500{n}0", flavour, ONE, TWO) for n in (1, 2))
    old.latest.recorded_at, new.latest.recorded_at = datetime(2020, 1, 1), datetime(2021, 1, 1)
    for both in ([old, new], [new, old]):
        found = [one.version.product for one in choose_combinations(both, ())]
        assert found == [new]
