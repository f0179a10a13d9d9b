"""Versions that a product was made of, and exposures that its fit leaves alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from skydb.domain.choice import Wish
from skydb.domain.vocabulary import Flavour, ProductKind, SolutionOrigin, SolutionStatus
from skydb.errors import NotFoundError
from skydb.services.alignment import membership
from skydb.services.alignment.accept import _left_alone, _nothing_to_move, _untrusted
from skydb.services.alignment.membership import (
    Members,
    _content_restored,
    aligned_since,
    members_of_fit,
    redelivered_members,
)
from skydb.services.alignment.products import _of_named_flavour
from tests.domain.shelves import ProductSet, accepted
from tests.services.alignment.test_small_steps import ONE, TWO, _calibrated, _drizzled


def test_a_product_that_skydb_made_is_compared_with_the_versions_on_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = ProductSet()
    old, other = shelf.add(_calibrated(2015)), shelf.add(_calibrated(2015, TWO))
    old.product.id, other.product.id = 7, 8
    files = {ONE: [old.product], TWO: [other.product]}
    monkeypatch.setattr(membership, "_made_with", lambda *_: {7: old, 8: other})
    monkeypatch.setattr(membership, "member_products", lambda *_: files)
    session: Any = None
    file: Any = None
    drizzled = _drizzled(2016, ONE, TWO)
    assert redelivered_members(session, drizzled, file) == {}
    middle, newest = (shelf.add(_calibrated(year)) for year in (2017, 2019))
    assert redelivered_members(session, drizzled, file) == {
        ONE: f"{newest.reference} was delivered after the product was made"
    }
    assert middle.reference != newest.reference
    # It was not made of this file, as of a member that an acceptance has left alone.
    files[ONE] = [shelf.add(_calibrated(2015, kind=ProductKind.FLC)).product]
    assert redelivered_members(session, drizzled, file) == {}
    newest = shelf.add(_calibrated(2019, kind=ProductKind.FLC))
    assert redelivered_members(session, drizzled, file) == {
        ONE: f"{newest.reference} was delivered after the product was made"
    }


def test_of_several_files_of_a_member_the_likeliest_tells_how_it_is_newer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = (ProductKind.FLT, ProductKind.FLC, ProductKind.C0M)
    several = [ProductSet().add(_calibrated(2015, kind=kind)).product for kind in kinds]
    said = dict(zip(several, ("first", "second", None), strict=True))
    monkeypatch.setattr(membership, "_made_with", lambda *_: None)
    monkeypatch.setattr(membership, "DrizzledFrom", lambda file: f"from {file}")
    monkeypatch.setattr(
        membership, "_newer", lambda product, _, kept: {"from file": said[product]}[kept]
    )
    known = {TWO: several[:2], ONE: several, "ibxl50icq": several[2:]}
    monkeypatch.setattr(membership, "member_products", lambda *_: known)
    session: Any = None
    file: Any = "file"
    drizzled = _drizzled(2016, ONE, TWO)
    assert redelivered_members(session, drizzled, file) == {TWO: "first"}
    # It was made of one of them as it is.
    known[TWO] = several[::-1]
    assert redelivered_members(session, drizzled, file) == {}


@pytest.mark.parametrize("flavour", list(Flavour))
def test_products_of_a_named_flavour_are_its_own_and_not_what_skydb_made_of_others(
    flavour: Flavour,
) -> None:
    made = {one: _drizzled(2016, ONE, flavour=one) for one in Flavour}
    for version in made.values():
        accepted(version)
    products = [version.product for version in made.values()]
    (found,) = _of_named_flavour(products, Wish(flavour=flavour))
    assert found.version.product is made[flavour].product
    assert found.reason == f"flavour {flavour} was named, of whose exposures no file is there"
    assert _of_named_flavour(products, Wish()) == []


def test_members_that_were_aligned_since_are_those_that_a_fit_would_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = ProductSet()
    one, two = shelf.add(_calibrated(2015)), shelf.add(_calibrated(2015, TWO))
    asked: list[Any] = []

    def moved(*told: Any) -> Members:
        asked.append(told)
        return Members([one, two], {"ibxl50icq": "it is gone"})

    known: dict[str, Any] = {ONE: [one.product]}
    monkeypatch.setattr(membership, "member_products", lambda *_: known)
    monkeypatch.setattr(membership, "members_of_fit", moved)
    session: Any = "session"
    file: Any = "file"
    drizzled = _drizzled(2016, ONE, TWO)
    assert aligned_since(session, drizzled, file) == {}
    again = accepted(two)
    assert aligned_since(session, drizzled, file) == {TWO: again.reference}
    assert asked == [(session, drizzled, file)] * 2
    known.clear()
    assert aligned_since(session, drizzled, file) == {}


@pytest.mark.parametrize("is_made_here", [True, False])
def test_each_member_is_moved_or_left_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, is_made_here: bool
) -> None:
    shelf = ProductSet()
    one = shelf.add(_calibrated(2015))
    known: dict[str, Any] = {ONE: [one.product]}
    made = {7: one} if is_made_here else None

    def base(candidates: Any, drizzled: Any, evidence: Any) -> tuple[Any, str]:
        assert evidence == (made if is_made_here else "from file")
        return (one, "") if candidates else (None, "it has no file")

    monkeypatch.setattr(membership, "_base_on_record" if is_made_here else "_base", base)
    monkeypatch.setattr(membership, "_made_with", lambda *_: made)
    monkeypatch.setattr(membership, "DrizzledFrom", lambda file: f"from {file}")
    monkeypatch.setattr(membership, "member_products", lambda *_: known)
    session: Any = None
    file: Any = "file"
    found = members_of_fit(session, _drizzled(2016, ONE, TWO), file)
    assert (found.moved, found.left) == ([one], {TWO: "it has no file"})
    known.clear()
    with pytest.raises(NotFoundError, match="Ingest the exposures first"):
        members_of_fit(session, _drizzled(2016, ONE, TWO), file)


def test_a_restored_solution_leads_back_to_the_version_that_had_it() -> None:
    shelf = ProductSet()
    first = shelf.add(_calibrated(2015))
    assert _content_restored(first) is first
    aligned = accepted(first)
    assert _content_restored(aligned) is aligned
    again, once_more = accepted(first), accepted(first)
    for version, source in ((again, first.solutions[0]), (once_more, again.current_solution)):
        current = version.current_solution
        assert current is not None
        current.origin, current.source = SolutionOrigin.RESTORED, source
    assert _content_restored(again) is first
    assert _content_restored(once_more) is first
    # Any other one that leads back to an earlier one was made for this version.
    current = once_more.current_solution
    assert current is not None
    for origin in set(SolutionOrigin) - {SolutionOrigin.RESTORED}:
        current.origin = origin
        assert _content_restored(once_more) is once_more
    current.origin = SolutionOrigin.RESTORED
    first.solutions[0].applied_version = aligned
    assert _content_restored(once_more) is aligned


class _Session:
    """Rows by their keys."""

    def __init__(self, *rows: Any) -> None:
        self._rows = {row.id: row for row in rows}

    def get_one(self, _: type, key: int) -> Any:
        return self._rows[key]


def test_exposures_of_a_fit_that_is_not_trusted_stay_and_have_no_shift() -> None:
    shelf = ProductSet()
    one, two = shelf.add(_calibrated(2015)), shelf.add(_calibrated(2015, TWO))
    one.id, two.id = 5, 6
    acceptance: Any = SimpleNamespace(alignment_run_id=3)
    fit: Any = SimpleNamespace(exposures={5: None, 6: None}, left={"ibxl50icq": "it is gone"},
                               product="a_drz.fits")  # fmt: skip
    session: Any = _Session(one, two)
    left = list(_untrusted(session, acceptance, fit))
    assert [(o.run, o.rootname, o.filename, o.reason, o.version) for o in left] == [
        (3, ONE, f"{ONE}_flt.fits", None, None), (3, TWO, f"{TWO}_flt.fits", None, None)
    ]  # fmt: skip
    assert {o.status for o in left} == {SolutionStatus.PROPOSED}
    (alone,) = _left_alone(acceptance, fit)
    assert (alone.rootname, alone.filename, alone.reason) == (
        "ibxl50icq", "a_drz.fits", "it is gone"
    )  # fmt: skip
    error = _nothing_to_move(3, [fit, SimpleNamespace(left={"d": "no file"})])  # type: ignore[list-item]
    assert error.what == (
        "No fit of run 3 belongs to the newest files of its exposures. ibxl50icq: it is gone "
        "d: no file"
    )
