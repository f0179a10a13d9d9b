"""A product is known by what it is of, of which kind and whose, never by its file's name."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import pytest

from skydb.domain.flavour import Flavour
from skydb.domain.identity import logged_identity, members_digest, product_identity
from skydb.domain.vocabulary import ProductKind
from tests.domain.entities import facts_of, file_of, wcs

ONE, TWO = "ibxl50iaq", "ibxl50ibq"
EXPOSURE = file_of(f"{ONE}_flt.fits")
DRIZZLED = replace(file_of("ibxl50010_drz.fits"), members=(ONE, TWO))
NAMELESS = replace(DRIZZLED, members=())


@pytest.mark.parametrize("file", [EXPOSURE, DRIZZLED, NAMELESS], ids=["flt", "drz", "nameless"])
def test_neither_the_name_nor_the_place_of_a_file_counts(file) -> None:
    other = replace(file, path=file.path.with_name("renamed.fits"))
    assert product_identity(other) == product_identity(file)


@pytest.mark.parametrize("file", [EXPOSURE, DRIZZLED], ids=["flt", "drz"])
def test_another_content_is_a_version_of_the_same_product(file) -> None:
    assert product_identity(replace(file, sha256="b" * 64)) == product_identity(file)


def test_combinations_that_name_no_members_are_one_only_when_their_content_is() -> None:
    assert product_identity(replace(NAMELESS, sha256="b" * 64)) != product_identity(NAMELESS)


def test_what_is_of_something_else_is_another_product() -> None:
    others = [
        EXPOSURE,
        replace(EXPOSURE, flavour=Flavour.SVM),
        replace(EXPOSURE, kind=ProductKind.FLC),
        replace(EXPOSURE, facts=facts_of(TWO)),
        DRIZZLED,
        NAMELESS,
        replace(DRIZZLED, flavour=Flavour.SVM),
        replace(DRIZZLED, members=(ONE,)),
        replace(DRIZZLED, facts=replace(DRIZZLED.facts, filters="F110W")),
        replace(DRIZZLED, facts=replace(DRIZZLED.facts, detector="UVIS")),
    ]
    for one, other in combinations(others, 2):
        assert product_identity(one) != product_identity(other)


@pytest.mark.parametrize("members", list(permutations((ONE, TWO, ONE))), ids=str)
def test_members_are_a_set(members: tuple[str, ...]) -> None:
    assert members_digest(members) == members_digest((ONE, TWO))
    assert product_identity(replace(DRIZZLED, members=members)) == product_identity(DRIZZLED)


def test_a_headerlet_is_known_by_the_solution_that_it_holds() -> None:
    bare = replace(EXPOSURE, kind=ProductKind.HLET)
    held = replace(bare, headerlets=(wcs("IDC_w3m18525i-GSC240"),))
    named = replace(bare, headerlets=(replace(wcs("IDC_w3m18525i-GSC240"), hdr_name="mine"),))
    found = [product_identity(one) for one in (bare, held, named)]
    assert found == [
        f"{ONE}/hlet/{bare.sha256}", f"{ONE}/hlet/IDC_w3m18525i-GSC240", f"{ONE}/hlet/mine",
    ]  # fmt: skip


def test_what_only_a_log_names_is_known_by_that_name() -> None:
    assert logged_identity("a_flt.fits") != logged_identity("b_flt.fits")


@pytest.mark.parametrize("kind", list(ProductKind))
def test_only_a_headerlet_is_known_by_what_it_holds(kind: ProductKind) -> None:
    held = replace(wcs("IDC_w3m18525i-GSC240"), hdr_name="mine")
    found = product_identity(replace(EXPOSURE, kind=kind, headerlets=(held,)))
    assert found.endswith("/mine") is (kind is ProductKind.HLET)


def test_a_digest_of_members_has_thirty_two_digits() -> None:
    assert len(members_digest((ONE,))) == len(members_digest(())) == 32
