"""References on a ledger: the row of each form, and what is said when there is none or several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain import Activity, AlignmentSolution, Exposure, Product, ProductVersion, Visit
from skydb.domain.references import parse
from skydb.errors import NotFoundError, UsageError
from skydb.store.references import entity_of, products_of, visit_named
from tests.services.tools import MEMBERS, PRODUCT, write_exposure, write_product, write_visit


@pytest.fixture
def ledger(ledger_url: str, tmp_path: Path) -> Iterator[Services]:
    """A visit with a product, and an exposure of another program's visit 50."""
    services = Services.open(ledger_url, tmp_path / "data")
    files = [*write_visit(tmp_path / "in"), write_exposure(tmp_path / "in", "icxy50abq")]
    services.ingest.ingest(files)
    yield services
    services.close()


def named(services: Services, text: str) -> object:
    with services.context.store.reading() as session:
        return entity_of(session, parse(text))


def test_each_form_names_its_row(ledger: Services) -> None:
    exposure, product = named(ledger, MEMBERS[0].upper()), named(ledger, PRODUCT)
    assert isinstance(exposure, Exposure) and exposure.rootname == MEMBERS[0]
    assert isinstance(product, Product) and product.filename == PRODUCT
    by_number = named(ledger, f"product:{product.id}")
    assert isinstance(by_number, Product) and by_number.id == product.id
    version = named(ledger, f"{PRODUCT}@1")
    assert isinstance(version, ProductVersion) and version.product_id == product.id
    of_exposure = named(ledger, f"{MEMBERS[0]}@1")
    assert isinstance(of_exposure, ProductVersion)
    assert of_exposure.filename == f"{MEMBERS[0]}_flt.fits"
    assert isinstance(named(ledger, f"version:{version.id}"), ProductVersion)
    assert isinstance(named(ledger, "run:1"), Activity)
    assert isinstance(named(ledger, "solution:1"), AlignmentSolution)
    visit = named(ledger, "BXL50")
    assert isinstance(visit, Visit) and visit.label == "bxl50"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "ibxl50zzq",
            r"Unknown exposure 'ibxl50zzq' \(exposures here: ibxl50iaq, ibxl50ibq, icxy50abq\)",
        ),
        ("ibxl50010", rf"Unknown exposure 'ibxl50010' \(did you mean {PRODUCT}\?\)"),
        ("ibxl50iaq@7", r"no ibxl50iaq@7 \(file versions here: 1\)"),
        ("ibxl50iaq[1]@7", r"Run 7 has no sky value of ibxl50iaq\[1\] \(newest sky runs: none\)"),
        ("bxl77", r"Unknown visit 'bxl77' \(visits here: bxl50, cxy50\)"),
        ("77", r"Unknown visit '77' \(visits here: bxl50, cxy50\)"),
        ("x_drz.fits", rf"no x_drz.fits \(files here: {PRODUCT}, ibxl50iaq_flt.fits, "),
        (
            "ibxl50iaq_flc.fits",
            "no ibxl50iaq_flc.fits.*see what there is: `skydb explain ibxl50iaq`",
        ),
        ("solution:999", "no solution:999.*align history"),
        ("run:99999999999999999999", "no run:99999999999999999999"),
        ("catalog:gaia", r"no reference catalogue 'gaia' \(catalogues here: none\)"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(ledger: Services, text: str, what: str) -> None:
    with pytest.raises(NotFoundError, match=what):
        named(ledger, text)


def test_a_visit_number_of_two_programs_is_not_one_visit(ledger: Services) -> None:
    with pytest.raises(UsageError, match=r"Visit '50' is bxl50, cxy50. Use the program"):
        named(ledger, "50")


def test_a_text_that_is_no_visit_is_an_unknown_visit(ledger: Services) -> None:
    with ledger.context.store.reading() as session, pytest.raises(NotFoundError, match="Unknown"):
        visit_named(session, "bxl50x?")


def test_several_products_of_one_name_are_listed(ledger: Services, tmp_path: Path) -> None:
    twin = write_product(tmp_path / "twin", PRODUCT, MEMBERS[:1])
    ledger.ingest.ingest([twin])
    with pytest.raises(UsageError) as raised:
        named(ledger, PRODUCT)
    assert f"Several products are called {PRODUCT}: product:" in str(raised.value)
    assert f"(pipeline, of {MEMBERS[0]}, {twin})" in str(raised.value)
    assert " ".join(MEMBERS) in str(raised.value)


def test_a_file_version_of_two_files_of_an_exposure_is_listed(
    ledger: Services, tmp_path: Path
) -> None:
    ledger.ingest.ingest([write_exposure(tmp_path / "flc", MEMBERS[0], kind="flc")])
    with pytest.raises(UsageError, match=rf"version:\d+ \({MEMBERS[0]}_flt.*{MEMBERS[0]}_flc"):
        named(ledger, f"{MEMBERS[0]}@1")


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("*_flt.fits", 3), ("ibxl50???_*", 3), ("ibxl50i?q", 2), ("*.fits", 4), (f"{PRODUCT}", 1)],
)
def test_wildcards_match_file_names_and_an_underscore_is_itself(
    ledger: Services, pattern: str, count: int
) -> None:
    with ledger.context.store.reading() as session:
        assert len(products_of(session, parse(pattern))) == count
