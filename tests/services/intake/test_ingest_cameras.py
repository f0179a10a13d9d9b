"""Cameras whose files are not one for each exposure: STIS associations, WFPC2 flags."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Exposure, Finding, ProductVersion
from skydb.domain.vocabulary import IngestStatus
from skydb.errors import FileRejectedError, NotFoundError
from skydb.files.checksum import sha256_of
from skydb.services.core.versions import checked_path
from tests.files.builders import ImageBuilder, chip_cards
from tests.files.wfpc2_builder import write_wfpc2

NEW, KNOWN, COMPANION = IngestStatus.NEW, IngestStatus.KNOWN, IngestStatus.COMPANION


def write_stis(directory: Path, expname: str, association: str = "o4k19a010") -> Path:
    """A STIS exposure, whose ROOTNAME is that of its association."""
    directory.mkdir(parents=True, exist_ok=True)
    cards = chip_cards(scale_arcsec=0.0507, name=None) | {"EXPNAME": expname}
    image = ImageBuilder(directory / f"{expname}_flt.fits", chips=[cards], bunit="COUNTS")
    image.primary |= {
        **{"INSTRUME": "STIS", "DETECTOR": "CCD", "OPT_ELEM": "MIRVIS"},
        **{"ROOTNAME": association, "ASN_ID": association, "FILENAME": image.path.name},
    }
    return image.write()


def exposures(services: Services) -> list[tuple[str, str | None]]:
    with services.context.store.reading() as session:
        found = session.scalars(select(Exposure).order_by(Exposure.rootname))
        return [(one.rootname, one.asn_id) for one in found]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_exposures_of_a_stis_association_are_told_apart_in_any_order(
    services_anywhere: Services, tmp_path: Path, is_reversed: bool
) -> None:
    paths = [write_stis(tmp_path, name) for name in ("o4k19ac1q", "o4k19ac2q")]
    outcomes = services_anywhere.ingest.ingest(paths[::-1] if is_reversed else paths)
    assert [one.status for one in outcomes] == [NEW, NEW]
    assert exposures(services_anywhere) == [
        ("o4k19ac1q", "o4k19a010"),
        ("o4k19ac2q", "o4k19a010"),
    ]


def test_the_flags_of_a_wfpc2_exposure_are_recorded_with_it(
    services_anywhere: Services, tmp_path: Path
) -> None:
    pixels = write_wfpc2(tmp_path)
    flags = pixels.with_name("u2eb0101t_c1m.fits")
    outcomes = services_anywhere.ingest.ingest([tmp_path])
    assert [one.status for one in outcomes] == [NEW, COMPANION]
    assert outcomes[1].reason == "the flags of u2eb0101t_c0m.fits, with which they are read"
    with services_anywhere.context.store.reading() as session:
        version = session.scalars(select(ProductVersion)).one()
        assert version.dq_sha256 == sha256_of(flags)
        assert checked_path(services_anywhere.context.workspace, version) == pixels
        assert session.scalars(select(Finding)).all() == []
        flags.write_bytes(flags.read_bytes() + b"\0" * 2880)
        with pytest.raises(FileRejectedError, match="has changed since u2eb0101t_c0m"):
            checked_path(services_anywhere.context.workspace, version)
        flags.unlink()
        with pytest.raises(NotFoundError, match=r"u2eb0101t_c1m\.fits"):
            checked_path(services_anywhere.context.workspace, version)


def test_flags_that_come_later_are_taken_in(services_anywhere: Services, tmp_path: Path) -> None:
    pixels = write_wfpc2(tmp_path, with_flags=False)
    (first,) = services_anywhere.ingest.ingest([tmp_path])
    assert first.is_flawed
    assert "which is not beside it" in (first.reason or "")
    with services_anywhere.context.store.reading() as session:
        assert "which is not beside it" in session.scalars(select(Finding)).one().message
    write_wfpc2(tmp_path / "again")
    (tmp_path / "again" / "u2eb0101t_c1m.fits").rename(tmp_path / "u2eb0101t_c1m.fits")
    outcomes = services_anywhere.ingest.ingest([pixels])
    assert [one.status for one in outcomes] == [KNOWN]
    with services_anywhere.context.store.reading() as session:
        version = session.scalars(select(ProductVersion)).one()
        assert version.dq_sha256 == sha256_of(tmp_path / "u2eb0101t_c1m.fits")


def test_flags_without_their_pixels_are_rejected(
    services_anywhere: Services, tmp_path: Path
) -> None:
    write_wfpc2(tmp_path).unlink()
    (outcome,) = services_anywhere.ingest.ingest([tmp_path])
    assert outcome.status is IngestStatus.REJECTED
    assert "flags of a c0m that is not beside it" in (outcome.reason or "")
