"""Products of another detector than the exposures that they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import Finding
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind, IngestStatus, ProductKind
from skydb.services.intake.combinations import Combined, doubts_of_detectors
from tests.domain.entities import file_of
from tests.services.survey import Survey
from tests.services.tools import MEMBERS, PRODUCT, write_exposure, write_product

DOUBT = (
    "its header says WFC3/UVIS, and the exposures on record that it names are of WFC3/IR: it is "
    "not made of them, or its header is that of another product."
)


@pytest.mark.parametrize("is_in_one", [True, False], ids=["product first", "members first"])
def test_a_product_of_another_detector_than_its_members_is_doubted(
    services: Services, tmp_path: Path, is_in_one: bool
) -> None:
    exposures = [write_exposure(tmp_path, name) for name in MEMBERS]
    wrong = write_product(tmp_path, DETECTOR="UVIS", FILTER="F606W")
    if not is_in_one:
        services.ingest.ingest(exposures)

    outcomes = services.ingest.ingest([wrong, *exposures])

    assert outcomes[0].status is IngestStatus.NEW and outcomes[0].is_flawed
    assert str(outcomes[0].reason).endswith(DOUBT)
    assert not any(one.is_flawed for one in outcomes[1:])
    # It is said once.
    (again,) = services.ingest.ingest([wrong])
    assert again.status is IngestStatus.KNOWN and not again.is_flawed
    with services.context.store.reading() as session:
        found = session.scalars(select(Finding).where(Finding.message == DOUBT))
        assert [(one.kind, one.subject) for one in found] == [(FindingKind.DOUBTFUL_FILE, PRODUCT)]


def test_an_exposure_of_another_detector_than_a_product_that_names_it_is_doubted(
    services: Services, tmp_path: Path
) -> None:
    wrong = write_product(tmp_path, DETECTOR="UVIS", FILTER="F606W")
    (product,) = services.ingest.ingest([wrong])
    assert product.status is IngestStatus.NEW
    late = [write_exposure(tmp_path, name) for name in MEMBERS]
    outcomes = services.ingest.ingest(late)
    said = f"it is a member of {PRODUCT}, whose {DOUBT.removeprefix('its ')}"
    assert [(one.is_flawed, str(one.reason).endswith(said)) for one in outcomes] == [
        (True, True)
    ] * 2
    assert not any(one.is_flawed for one in services.ingest.ingest(late))


def test_an_exposure_that_comes_after_its_product_is_not_doubted(
    services: Services, tmp_path: Path
) -> None:
    services.ingest.ingest([write_product(tmp_path)])
    outcomes = services.ingest.ingest([write_exposure(tmp_path, name) for name in MEMBERS])
    assert not any(one.is_flawed for one in outcomes)


def _made_of(*members: str, kind: ProductKind = ProductKind.DRZ, detector: str = "IR") -> FileFacts:
    file = replace(file_of("ibxl50010_drz.fits"), kind=kind, members=members)
    return replace(file, facts=replace(file.facts, detector=detector))


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        survey = Survey(session)
        survey.exposure("50", 1)
        survey.exposure("50", 2, detector="uvis")
        survey.logged("51")
        session.flush()
        yield session


@pytest.mark.parametrize(
    "sound",
    [
        _made_of("ibxl5001q"),
        _made_of("ibxl5002q", detector="UVIS"),
        _made_of("ibxl5001q", "ibxl5002q"),
        _made_of("ibxl5001q", "ibxl5002q", detector="UVIS"),
        _made_of("ibxl5101q", "ibxl5009q", detector="UVIS"),
        _made_of(detector="UVIS"),
        _made_of("ibxl5001q", kind=ProductKind.MOS, detector="UVIS"),
        _made_of("ibxl5001q", kind=ProductKind.FLT, detector="UVIS"),
    ],
    ids=["one", "small letters", "two", "second", "unknown", "none", "mosaic", "exposure"],
)
def test_ordinary_products_are_not_doubted(session: Session, sound: FileFacts) -> None:
    assert doubts_of_detectors(session, Combined.among([sound, object()])) == {}


@pytest.mark.parametrize("kind", [ProductKind.DRZ, ProductKind.DRC, ProductKind.CRJ])
def test_all_of_the_members_have_to_be_of_others(session: Session, kind: ProductKind) -> None:
    wrong = _made_of("ibxl5001q", "ibxl5002q", "ibxl5101q", kind=kind, detector="SBC")
    found = doubts_of_detectors(session, Combined.among([wrong]))
    assert list(found) == ["ibxl50010_drz.fits"]
    assert "WFC3/SBC" in found["ibxl50010_drz.fits"]
    assert "of WFC3/IR, WFC3/UVIS:" in found["ibxl50010_drz.fits"]
