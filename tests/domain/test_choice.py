from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.choice import Wish, choose, why_version
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import Flavour, ProductKind
from skydb.errors import InputsRefusedError
from tests.domain.shelves import MVM, PIPELINE, SVM, USER, ProductSet, accepted, delivery

ONE, TWO = "ibxl50iaq", "ibxl50ibq"
RANK = (PIPELINE, SVM, MVM, Flavour.SKYDB, USER)
KINDS = (ProductKind.FLC, ProductKind.FLT)


@dataclass(frozen=True)
class Arrival:
    """A file that comes into the ledger, and whether an acceptance has moved it since."""

    rootname: str
    kind: ProductKind
    flavour: Flavour
    year: int
    is_accepted: bool = False

    @property
    def file(self) -> FileFacts:
        return delivery(
            self.rootname,
            self.kind,
            flavour=self.flavour,
            date_written=f"{self.year}-05-05",
            content=str(self.year),
        )


arrivals = st.lists(
    st.builds(
        Arrival,
        rootname=st.sampled_from((ONE, TWO, "ibxl51icq")),
        kind=st.sampled_from(KINDS),
        flavour=st.sampled_from((PIPELINE, SVM, MVM, USER)),
        year=st.integers(2015, 2018),
        is_accepted=st.booleans(),
    ),
    min_size=1,
    max_size=9,
    unique_by=lambda one: (one.rootname, one.kind, one.flavour, one.year),
)


def shelf_of(several: Sequence[Arrival]) -> ProductSet:
    shelf = ProductSet()
    versions = [(one, shelf.add(one.file)) for one in several]
    for one, version in versions:
        if one.is_accepted:
            accepted(version)
    return shelf


def told(shelf: ProductSet, wish: Wish | None = None) -> list[tuple[str, ...]] | str:
    """Describe the choice independent of version numbers."""
    try:
        return [
            (one.rootname, one.version.product.flavour, one.version.product.kind,
             str(one.version.date_written), one.version.sha256,
             one.reason) for one in choose(shelf.all, wish)
        ]  # fmt: skip
    except InputsRefusedError as refused:
        return str(refused)


def newest(several: Sequence[Arrival], rootname: str, flavour: Flavour) -> Arrival | None:
    """Find the newest archive version of the best kind of an exposure in a flavour."""
    for kind in KINDS:
        found = [
            one for one in several if (one.rootname, one.flavour, one.kind)
            == (rootname, flavour, kind)
        ]  # fmt: skip
        if found:
            return max(found, key=lambda one: one.year)
    return None


@given(arrivals, st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_what_is_chosen(several, shuffled):
    other = list(several)
    shuffled.shuffle(other)
    assert told(shelf_of(several)) == told(shelf_of(other))


@given(arrivals)
def test_what_is_chosen_obeys_the_rule_as_it_is_written(several):
    names = sorted({one.rootname for one in several})
    offers = {
        flavour: [newest(several, name, flavour) for name in names]
        for flavour in RANK
    }  # fmt: skip
    complete = {flavour: offer for flavour, offer in offers.items() if None not in offer}
    shelf = shelf_of(several)
    if not complete:
        with pytest.raises(InputsRefusedError) as refused:
            choose(shelf.all)
        assert len(refused.value.rows) == sum(len(one.versions) for one in shelf.all)
        return
    aligned = [f for f, offer in complete.items() if all(one.is_accepted for one in offer)]
    expected = next(iter(aligned or complete))
    found = choose(shelf.all)
    assert [one.rootname for one in found] == names
    for one, wanted in zip(found, complete[expected], strict=True):
        version = one.version
        assert version.product.flavour is expected
        assert (version.product.kind, version.date_written) == (
            wanted.kind,
            wanted.file.date_written,
        )
        assert (version.accepted_solution is not None) == wanted.is_accepted


@given(arrivals, st.sampled_from((PIPELINE, SVM, MVM, USER)), st.integers(2014, 2019))
def test_what_the_user_names_is_what_is_chosen_or_the_run_is_refused(several, flavour, year):
    wish = Wish(flavour=flavour, as_of=date(year, 12, 31))
    try:
        found = choose(shelf_of(several).all, wish)
    except InputsRefusedError:
        in_time = [one for one in several if one.year <= year]
        names = {one.rootname for one in several}
        assert any(newest(in_time, name, flavour) is None for name in names)
        return
    for one in found:
        assert one.version.product.flavour is flavour
        assert int(str(one.version.date_written)[:4]) <= year


@given(arrivals)
def test_what_was_passed_over_is_everything_else(several):
    shelf = shelf_of(several)
    try:
        found = choose(shelf.all)
    except InputsRefusedError:
        return
    for one in found:
        of_it = [v for p in shelf.all if p.subject == one.rootname for v in p.versions]
        used = {one.version.sha256, one.version.origin.sha256}
        expected = {f"{v.product.flavour} {v.product.kind} {v.reference}" for v in of_it
                    if v.sha256 not in used}  # fmt: skip
        assert set(one.passed_over) == expected


def both(flavour: Flavour, **facts: object) -> list[FileFacts]:
    return [delivery(name, flavour=flavour, **facts) for name in (ONE, TWO)]


@pytest.mark.parametrize("flavour", [SVM, MVM, USER])
def test_the_pipeline_comes_before_other_flavours_until_only_theirs_are_aligned(flavour):
    shelf = ProductSet()
    theirs = [shelf.add(file) for file in both(flavour)]
    for file in both(PIPELINE):
        shelf.add(file)
    assert {one.version.product.flavour for one in choose(shelf.all)} == {PIPELINE}
    accepted(theirs[0])
    assert {one.version.product.flavour for one in choose(shelf.all)} == {PIPELINE}
    accepted(theirs[1])
    found = choose(shelf.all)
    assert {one.version.product.flavour for one in found} == {flavour}
    assert all("aligned" in one.reason for one in found)


def test_of_the_newest_delivery_the_aligned_content_is_used_and_the_reason_says_so():
    shelf = ProductSet()
    moved = accepted(shelf.add(delivery(ONE)))
    (one,) = choose(shelf.all)
    assert one.version is moved
    assert one.reason.endswith("(3.5.0 2017-01-01), aligned")


def test_a_new_delivery_comes_before_the_aligned_content_of_an_older_one():
    shelf = ProductSet()
    accepted(shelf.add(delivery(ONE)))
    new = shelf.add(delivery(ONE, cal_ver="3.6.0", date_written="2021-01-01"))
    assert [one.version for one in choose(shelf.all)] == [new]
    assert [
        one.version.date_written for one in choose(shelf.all, Wish(as_of=date(2019, 1, 1)))
    ] == ["2017-01-01"]


def test_a_version_or_a_file_that_is_named_is_used_whatever_the_rule_says():
    shelf = ProductSet()
    old, new = (shelf.add(delivery(ONE, date_written=f"{year}-01-01")) for year in (2017, 2021))
    shelf.add(delivery(TWO))
    by_number = choose(shelf.all, Wish(versions={ONE: old.number}))
    by_file = choose(shelf.all, Wish(files={ONE: old.sha256}))
    for found in (by_number, by_file):
        assert found[0].version is old
        assert "named" in found[0].reason
    with pytest.raises(InputsRefusedError, match=f"{ONE}@9 is not in the ledger"):
        choose(shelf.all, Wish(versions={ONE: 9}))
    both = Wish(versions={ONE: old.number}, files={ONE: old.sha256})
    assert choose(shelf.all, both)[0].version is old
    with pytest.raises(InputsRefusedError, match=f"file of {ONE} that is named is not its version"):
        choose(shelf.all, Wish(versions={ONE: old.number}, files={ONE: new.sha256}))
    with pytest.raises(InputsRefusedError, match=f"file of {ONE} that is named is not in the led"):
        choose(shelf.all, Wish(files={ONE: "0" * 64}))
    assert choose(shelf.all)[0].version is new


@pytest.mark.parametrize("order", list(permutations((PIPELINE, SVM, MVM))), ids="-".join)
def test_exposures_of_which_no_flavour_has_all_are_refused_with_what_there_is(order):
    shelf = ProductSet()
    has = {PIPELINE: ONE, SVM: TWO, MVM: "ibxl51icq"}
    for flavour in order:
        shelf.add(delivery(has[flavour], flavour=flavour))
    with pytest.raises(InputsRefusedError, match="No flavour covers all 3 exposures") as refused:
        choose(shelf.all)
    assert {(row["rootname"], row["flavour"]) for row in refused.value.rows} == {
        (name, flavour.value) for flavour, name in has.items()
    }


def test_files_that_are_no_single_exposure_are_no_inputs():
    shelf = ProductSet()
    wanted = shelf.add(delivery(ONE))
    shelf.add(delivery(ONE, ProductKind.CRJ))
    assert [one.version for one in choose(shelf.all)] == [wanted]


def test_why_a_version_stands_for_its_product_is_said() -> None:
    shelf = ProductSet()
    old, new = (
        shelf.add(delivery(ONE, cal_ver=cal_ver, date_written=f"{year}-05-05T01:02:03"))
        for cal_ver, year in (("3.5.0", 2015), ("3.6.2", 2018))
    )
    assert why_version(old) == "archive version in time (3.5.0 2015-05-05)"
    assert why_version(new) == "newest archive version (3.6.2 2018-05-05)"
    aligned = accepted(new)
    assert why_version(new) == "newest archive version (3.6.2 2018-05-05), as in the archive"
    assert why_version(aligned) == "newest archive version (3.6.2 2018-05-05), aligned"
