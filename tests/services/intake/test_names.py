"""Headers decide what a file is, whatever its name and the order of ingest."""

from __future__ import annotations

import shutil
from itertools import permutations
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Finding, Product, ProductVersion
from skydb.domain.vocabulary import FindingKind, IngestStatus
from skydb.services.intake.selection import Selection
from tests.services.tools import write_exposure, write_product

A, B = "ibxl50iaq", "ibxl50ibq"


def brighter(source: Path, target: Path, by: float) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    with fits.open(target, "update") as hdus:
        hdus["SCI"].data = hdus["SCI"].data + by
    return target


def copied(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source, target))


def take_in(services: Services, files: list[Path]) -> None:
    for file in files:
        services.ingest.ingest([file])


def used(services: Services, rootname: str = A) -> float:
    """Pixel that identifies the file that a run would use."""
    path = services.exposure_paths(Selection(rootnames=(rootname,)))[rootname]
    return float(fits.getdata(path, "SCI")[0, 0])


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_renamed_copy_never_comes_before_the_file_of_that_name(
    services: Services, tmp_path: Path, order: tuple[int, ...]
) -> None:
    original = write_exposure(tmp_path, A)
    copy = copied(original, tmp_path / f"orig_{A}_flt.fits")
    altered = brighter(original, tmp_path / f"altered_{A}_flt.fits", 100.0)
    files = [original, copy, altered]
    expected = float(fits.getdata(original, "SCI")[0, 0])
    take_in(services, [files[i] for i in order])
    assert used(services) == expected
    with services.context.store.reading() as session:
        (product,) = session.scalars(select(Product))
        assert product.filename == f"{A}_flt.fits"
        assert product.latest.filename == f"{A}_flt.fits"
        active = [one for one in product.solutions if one.superseded_by is None]
        assert [one.version for one in active] == [product.latest]


@pytest.mark.parametrize("is_copy_first", [True, False])
def test_a_product_is_found_by_its_own_name_though_a_copy_was_seen_first(
    services_anywhere: Services, tmp_path: Path, *, is_copy_first: bool
) -> None:
    product = write_product(tmp_path)
    files = [product, copied(product, tmp_path / f"final_{product.name}")]
    take_in(services_anywhere, files[::-1] if is_copy_first else files)
    with services_anywhere.context.store.reading() as session:
        assert session.scalars(select(Product.filename)).all() == [product.name]
        assert len(session.scalars(select(ProductVersion)).one().locations) == 2


@pytest.mark.parametrize("is_borrower_first", [True, False])
def test_a_file_under_the_name_of_another_exposure_is_what_its_header_says(
    services_anywhere: Services, tmp_path: Path, *, is_borrower_first: bool
) -> None:
    services = services_anywhere
    one = write_exposure(tmp_path / "a", A)
    borrower = copied(write_exposure(tmp_path / "b", B), tmp_path / "c" / one.name)
    files = [borrower, one] if is_borrower_first else [one, borrower]
    told = {}
    for file in files:
        (outcome,) = services.ingest.ingest([file])
        told[file] = outcome
        assert outcome.status is IngestStatus.NEW
    assert (told[one].rootname, told[borrower].rootname) == (A, B)
    assert told[one].reason is None
    assert told[borrower].is_flawed
    assert f"it is named {A}, and is {B} by its header" in str(told[borrower].reason)
    with services.context.store.reading() as session:
        (finding,) = session.scalars(select(Finding))
        assert finding.kind is FindingKind.BORROWED_NAME
        assert finding.subject == str(borrower)
        assert {p.subject: len(p.versions) for p in session.scalars(select(Product))} == {
            A: 1, B: 1
        }  # fmt: skip
    assert set(services.exposure_paths(Selection())) == {A, B}


def test_a_known_content_that_turns_up_under_another_exposures_name_is_remarked_once(
    services: Services, tmp_path: Path
) -> None:
    one = write_exposure(tmp_path, A)
    borrower = copied(one, tmp_path / f"{B}_flt.fits")
    for files in ([one], [borrower], [borrower]):
        services.ingest.ingest(files)
    with services.context.store.reading() as session:
        found = session.scalars(select(Finding)).all()
        assert [(one.kind, one.subject) for one in found] == [
            (FindingKind.BORROWED_NAME, str(borrower))
        ]
        assert len(session.scalars(select(Product)).all()) == 1


def test_two_mosaics_of_one_name_are_two_products_with_their_own_members(
    services_anywhere: Services, tmp_path: Path
) -> None:
    services = services_anywhere
    visits = {"v50": ("ibxl50iaq", "ibxl50ibq"), "v51": ("ibxl51iaq", "ibxl51ibq")}
    for visit, members in visits.items():
        made = write_product(tmp_path / visit, "final_drz.fits", members, ROOTNAME=members[0])
        services.ingest.ingest([made])
    with services.context.store.reading() as session:
        products = session.scalars(select(Product).order_by(Product.id)).all()
        assert [p.filename for p in products] == ["final_drz.fits"] * 2
        assert [[m.rootname for m in p.members] for p in products] == [
            list(members) for members in visits.values()
        ]
        assert [[v.number for v in p.versions] for p in products] == [[1], [1]]


def test_mosaics_without_members_are_never_taken_for_one(
    services: Services, tmp_path: Path
) -> None:
    made = [
        write_product(tmp_path / visit, "final_drz.fits", (), ROOTNAME="ibxl50010")
        for visit in ("v50", "v51")
    ]
    brighter(made[0], made[1], 1.0)
    again = copied(made[0], tmp_path / "backup" / "final_drz.fits")
    outcomes = [services.ingest.ingest([file])[0].status for file in (*made, again)]
    assert outcomes == [IngestStatus.NEW, IngestStatus.NEW, IngestStatus.KNOWN]
    with services.context.store.reading() as session:
        assert len(session.scalars(select(Product)).all()) == 2
