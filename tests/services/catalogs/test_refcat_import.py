from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import func, select

from skydb.api.composition import Services
from skydb.domain import Activity, CatalogImport, ReferenceCatalog
from skydb.domain.vocabulary import ActivityStatus
from skydb.errors import FileRejectedError, NotFoundError, SkydbError, UsageError


def test_a_catalogue_is_recorded_with_its_epoch_rows_and_checksum(
    services_anywhere: Services, catalog_file: Path
) -> None:
    row = services_anywhere.refcat.import_file(catalog_file, 2016.0, "gaia")
    assert (row["name"], row["sources"], row["epoch"]) == ("gaia", 30, 2016.0)
    assert row["sha256"] == hashlib.sha256(catalog_file.read_bytes()).hexdigest()
    assert (row["has_proper_motions"], row["proper_motion_applied"]) == (False, None)
    assert row["truncated"] is None
    assert services_anywhere.refcat.listed() == [row]


def test_a_copy_is_kept_so_that_a_fit_can_be_repeated(
    services: Services, catalog_file: Path
) -> None:
    row = services.refcat.import_file(catalog_file, 2016.0)
    text = catalog_file.read_text()
    catalog_file.unlink()
    kept = services.context.workspace.resolve(row["path"])
    assert kept.is_relative_to(services.context.workspace.root)
    assert kept.read_text() == text
    assert row["name"] == "gaia"


def test_the_same_catalogue_is_found_again_and_not_repeated(
    services: Services, catalog_file: Path
) -> None:
    first = services.refcat.import_file(catalog_file, 2016.0, "gaia")
    assert services.refcat.import_file(catalog_file, 2016.0, "gaia")["sha256"] == first["sha256"]
    with services.context.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReferenceCatalog)) == 1
        assert session.scalar(select(func.count()).select_from(CatalogImport)) == 1


@pytest.mark.parametrize("change", ["content", "epoch"])
def test_another_catalogue_of_the_same_name_is_refused(
    services: Services, catalog_file: Path, change: str
) -> None:
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    if change == "content":
        catalog_file.write_text("ra,dec\n85.0,-2.0\n")
    with pytest.raises(UsageError, match="another catalogue named 'gaia'"):
        services.refcat.import_file(catalog_file, 2016.0 if change == "content" else 2015.5, "gaia")
    assert [row["sources"] for row in services.refcat.listed()] == [30]


def test_a_file_that_is_no_catalogue_leaves_no_catalogue(
    services: Services, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("ra,dec\n400.0,-2.0\n")
    with pytest.raises(FileRejectedError, match="not within 0 to 360"):
        services.refcat.import_file(bad, 2016.0)
    with pytest.raises(SkydbError):
        services.refcat.import_file(tmp_path / "nowhere.csv", 2016.0)
    assert services.refcat.listed() == []
    with services.context.store.reading() as session:
        running = select(Activity).where(Activity.status == ActivityStatus.RUNNING)
        assert session.scalars(running).all() == []


def test_a_file_that_is_not_there_is_not_found(services: Services, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no file"):
        services.refcat.import_file(tmp_path / "absent.ecsv", 2016.0)


@pytest.mark.parametrize("name", ["g" * 65, "x" * 4000])
def test_a_name_without_room_in_the_ledger_is_refused(
    services_anywhere: Services, catalog_file: Path, name: str
) -> None:
    with pytest.raises(UsageError, match="not a name of 1 to 64"):
        services_anywhere.refcat.import_file(catalog_file, 2016.0, name)
