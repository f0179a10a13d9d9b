from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain import AlignmentSolution, Download, Exposure, Product, Visit
from skydb.domain.values import julian_epoch
from skydb.domain.vocabulary import DownloadStatus, ProductKind
from tests.domain.entities import facts_of, file_of, ingest, version_of, wcs
from tests.logged import logged_product
from tests.versions import recorded


def test_a_visit_is_known_by_its_program_and_number() -> None:
    visit = Visit.of(facts_of("ibxl50ivq"))
    assert (visit.label, visit.proposal_id, visit.target_name) == ("bxl50", 12812, "HORSEHEAD")


def test_an_exposure_of_another_proposal_contradicts_its_visit() -> None:
    visit, facts = Visit.of(facts_of("ibxl50ivq")), facts_of("ibxl50iwq")
    assert visit.contradiction(facts) is None
    assert visit.contradiction(replace(facts, proposal_id=0)) is None
    said = visit.contradiction(replace(facts, proposal_id=13000))
    assert said is not None and "PROPOSID is 13000" in said and "bxl50" in said and "12812" in said


def test_an_exposure_takes_in_every_fact_of_its_header() -> None:
    facts = facts_of()
    exposure = Exposure(Visit.of(facts), facts)
    taken = {name: getattr(exposure, name) for name in facts.__dataclass_fields__
             if name not in ("rootname", "proposal_id")}  # fmt: skip
    assert exposure.rootname == "ibxl50ivq"
    assert all(taken[name] == getattr(facts, name) for name in taken)
    assert exposure.epoch_year == julian_epoch(facts.expstart_mjd)


def test_an_exposure_without_a_time_has_no_epoch() -> None:
    facts = replace(facts_of(), expstart_mjd=None)
    assert Exposure(Visit.of(facts), facts).epoch_year is None


def test_versions_are_numbered_in_the_order_of_arrival() -> None:
    product = version_of().product
    second = recorded(product, file_of(sha256="b" * 64), "second.fits", is_managed=True)
    assert [version.number for version in product.versions] == [1, 2]
    assert product.latest is second
    assert product.version_with("b" * 64) is second
    assert product.version_with("c" * 64) is None


@pytest.mark.parametrize("years", list(permutations((2015, 2017, 2019))), ids=str)
def test_the_wcs_of_the_newest_delivery_supersedes_the_others_whatever_came_first(
    years: tuple[int, ...],
) -> None:
    product = Product.of(file_of(), *_of_an_exposure())
    found = {}
    for year in years:
        file = replace(file_of(sha256=f"{year:064}"), date_written=f"{year}-01-01")
        version = recorded(product, file, f"{year}/ibxl50ivq_flt.fits")
        found[year] = AlignmentSolution.found(version, ingest(), wcs())
        # What stands in a headerlet or under another letter supersedes nothing.
        AlignmentSolution.found(version, ingest(), wcs(key="A"))
        product.settle(version)
        newest = found[max(found)]
        assert product.latest.current_solution is newest
        assert newest.superseded_by is None
        assert all(one.superseded_by is not None for one in found.values() if one is not newest)


def test_a_version_without_a_wcs_of_its_own_supersedes_nothing() -> None:
    product = Product.of(file_of(), *_of_an_exposure())
    for year in (2015, 2017):
        file = replace(file_of(sha256=f"{year:064}"), date_written=f"{year}-01-01")
        version = recorded(product, file, f"{year}/ibxl50ivq_flt.fits")
        one = AlignmentSolution.found(version, ingest(), wcs(key=" " if year == 2015 else "A"))
        product.settle(version)
        assert one.superseded_by is None
    assert [one.superseded_by for v in product.versions for one in v.solutions] == [None, None]


def _of_an_exposure() -> tuple[Visit, Exposure]:
    visit = Visit.of(facts_of())
    return visit, Exposure(visit, facts_of())


def test_a_product_without_a_version_has_no_latest() -> None:
    product = logged_product("a_flt.fits", ProductKind.FLT, Visit("bxl", "50", 12812))
    with pytest.raises(LookupError, match=r"a_flt\.fits has no version"):
        _ = product.latest


def test_a_version_needs_the_checksum_of_its_content() -> None:
    product = version_of().product
    with pytest.raises(ValueError, match="needs a checksum"):
        recorded(product, file_of(sha256=""), "x.fits", is_managed=False)
    assert len(product.versions) == 1


def test_a_version_is_called_by_its_file_wherever_that_is() -> None:
    version = version_of()
    version.see_at("versions/ibxl50ivq/0123456789ab/ibxl50ivq_flt.fits", is_managed=True)
    assert version.filename == "ibxl50ivq_flt.fits"
    assert version.path.startswith("versions/")


names = st.from_regex(r"[a-z0-9]{9}", fullmatch=True)


@given(st.lists(st.lists(names, max_size=5), max_size=4))
def test_members_are_named_once_in_the_order_in_which_they_came(batches) -> None:
    product = logged_product("a_drz.fits", ProductKind.DRZ, Visit("bxl", "50", 12812))
    for batch in batches:
        product.name_members(tuple(batch))
    expected = list(dict.fromkeys(name for batch in batches for name in batch))
    assert [member.rootname for member in product.members] == expected
    assert [member.position for member in product.members] == list(range(len(expected)))


def test_an_attempt_to_fetch_ends_with_bytes_or_with_a_reason() -> None:
    good, bad = (Download(1, "mast:HST/product/a_flt.fits", n, 2880) for n in (1, 2))
    good.finish(DownloadStatus.COMPLETE, 2880, "a" * 64, "archive/a_flt.fits")
    bad.fail(DownloadStatus.CORRUPT, "2880 bytes were announced, 100 came", 100)
    assert (good.status, good.received_bytes, good.error) == (DownloadStatus.COMPLETE, 2880, None)
    assert (bad.status, bad.received_bytes, bad.path) == (DownloadStatus.CORRUPT, 100, None)
    assert good.finished_at is not None and bad.finished_at is not None


@pytest.mark.parametrize("rootname", ["ibxl50ivq", "j8bt06nyq", "n9abcd010", "o4abcd010"])
def test_a_product_of_a_file_is_not_only_logged_whatever_its_instrument(rootname: str) -> None:
    file = replace(file_of(), facts=facts_of(rootname))
    assert not Product.of(file, *_of_an_exposure()).is_only_logged
