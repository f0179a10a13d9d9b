from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.delivery import DeliveryKey
from skydb.domain.product import Product
from tests.domain.shelves import ProductSet, accepted, delivery

NAME = "ibxl50iaq"


@dataclass(frozen=True)
class Cards:
    """The calibration of a file."""

    cal_ver: str | None = "3.5.0"
    date_written: str | None = "2017-01-01"
    opus_ver: str | None = "HSTDP 2017_1"
    idctab_date: str | None = "2016-01-01"
    is_own_name: bool = True


#: From the oldest to the newest, each newer than the one before by one thing.
LADDER = (
    Cards(None, None, None, None),
    Cards(None, "2010-01-01", None, None),
    Cards("2.9.9", "2024-01-01"),
    Cards("3.4.2 (Apr-21-2017)", "2023-01-01"),
    Cards("3.10.1(Mar-20-2021)", None),
    Cards("3.10.1(Mar-20-2021)", "2020-01-01"),
    Cards("3.10.1(Mar-20-2021)", "2021-01-01", None),
    Cards("3.10.1(Mar-20-2021)", "2021-01-01", "HSTDP 2021_3b"),
    Cards("3.10.1(Mar-20-2021)", "2021-01-01", "HSTDP 2022_1", None),
    Cards("3.10.1(Mar-20-2021)", "2021-01-01", "HSTDP 2022_1", "2020-01-01", False),
    Cards("3.10.1(Mar-20-2021)", "2021-01-01", "HSTDP 2022_1", "2020-01-01"),
    Cards("3.10.1(Mar-20-2021)", "2021-01-01", "HSTDP 2022_1", "2021-07-01", False),
    Cards("10.2.1 (10-Nov-2020)", "2011-01-01", "HSTDP 2011_1", "2010-01-01"),
)


@pytest.mark.parametrize(("older", "newer"), list(pairwise(LADDER)))
def test_a_delivery_is_newer_by_its_calibration_then_its_date_then_its_processing(older, newer):
    assert DeliveryKey.of(older) < DeliveryKey.of(newer)


@given(st.permutations(LADDER))
def test_deliveries_sort_alike_whatever_came_first(several):
    assert sorted(several, key=DeliveryKey.of) == list(LADDER)


def test_two_files_of_one_day_that_contradict_each_other_have_no_order():
    one = Cards("3.7.1 (Oct-18-2023)", "2023-11-01", idctab_date="2012-03-22")
    other = Cards("3.6.2(May-27-2021)", "2023-11-01", idctab_date="2020-10-15")
    first, second = DeliveryKey.of(one), DeliveryKey.of(other)
    assert first.compare(second) == second.compare(first) == 0
    assert first.contradicts(second) and not first.contradicts(first)
    for order in ([one, other], [other, one]):
        assert product_of(order).latest.number == 2  # the one that arrived last


def product_of(several: list[Cards]) -> Product:
    shelf = ProductSet()
    for one in several:
        name = f"{NAME}_flt.fits" if one.is_own_name else f"orig_{NAME}_flt.fits"
        shelf.add(
            delivery(
                NAME,
                cal_ver=one.cal_ver,
                date_written=one.date_written,
                opus_ver=one.opus_ver,
                idctab_date=one.idctab_date,
                name=name,
                header_filename=f"{NAME}_flt.fits",
            )
        )
    (product,) = shelf.all
    return product


@given(st.lists(st.sampled_from(LADDER), min_size=3, max_size=5, unique=True).flatmap(
    lambda some: st.tuples(st.just(some), st.permutations(some))
))  # fmt: skip
def test_no_order_of_arrival_makes_an_old_delivery_the_newest(orders):
    some, other = (product_of(order) for order in orders)
    expected = [one.sha256 for one in some.deliveries]
    assert [one.sha256 for one in other.deliveries] == expected
    assert some.latest.sha256 == other.latest.sha256 == expected[-1]
    newest = sorted(orders[0], key=DeliveryKey.of)[-1]
    assert (other.latest.cal_ver, other.latest.date_written) == (
        newest.cal_ver,
        newest.date_written,
    )
    assert [one.delivery for one in other.deliveries] == list(range(1, len(expected) + 1))


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_what_was_made_of_an_old_delivery_stays_behind_the_newest(order):
    cards = [LADDER[2], LADDER[5], LADDER[8]]
    product = product_of([cards[i] for i in order])
    old, middle, new = product.deliveries
    made = [accepted(one) for one in (new, old)]
    assert [one.delivery for one in made] == [new.delivery, old.delivery]
    assert product.latest is made[0]
    assert sorted(product.versions, key=lambda one: one.place) == [
        old, made[1], middle, new, made[0]
    ]  # fmt: skip
    assert not made[1].is_newest_delivery


def test_numbers_of_versions_are_those_of_their_arrival():
    product = product_of([LADDER[8], LADDER[2], LADDER[5]])
    assert [one.number for one in product.versions] == [1, 2, 3]
    assert [one.number for one in product.deliveries] == [2, 3, 1]
