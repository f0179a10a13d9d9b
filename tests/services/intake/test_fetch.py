"""Fetch as a whole: what is recorded, where files stand, what the next fetch does."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

import skydb
from skydb.api.composition import Services
from skydb.archive.mast import MastQuery
from skydb.domain import ProductVersion
from skydb.domain.vocabulary import FetchStatus
from skydb.errors import ArchiveError, NotFoundError, UsageError
from skydb.services.intake.fetch import FetchService
from skydb.services.intake.fetched import FetchedFile, FetchSettings
from skydb.simulate.archive import LoopbackArchive
from tests.archive.fixtures import (
    FILES,
    FLT,
    URI,
    archive,
    content_of,
    reprocessed,
    server,
    with_checksums,
)

pytestmark = pytest.mark.alternating

__all__ = ["archive", "server"]

ALL = MastQuery(("i*",))
QUICK = FetchSettings(attempts=2, timeout_s=5.0, first_wait_s=0.01)
ONE = MastQuery(("ibxl50*",))


@pytest.fixture
def services(ledger_url: str, tmp_path: Path) -> Iterator[Services]:
    """Services of an empty ledger, on both databases."""
    opened = Services.open(ledger_url, tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def lite(sqlite_ledger_url: str, tmp_path: Path) -> Iterator[Services]:
    """Services of an empty SQLite ledger."""
    opened = Services.open(sqlite_ledger_url, tmp_path / "data")
    yield opened
    opened.close()


def rows_of(services: Services, select: str) -> list[dict[str, Any]]:
    with services.context.store.reading() as session:
        return [dict(row) for row in session.execute(text(select)).mappings()]


def downloads(services: Services) -> list[dict[str, Any]]:
    return rows_of(services, "SELECT * FROM v_downloads ORDER BY id")


def activity(services: Services) -> dict[str, Any]:
    select = "SELECT * FROM activities WHERE kind = 'download' ORDER BY id DESC LIMIT 1"
    return rows_of(services, select)[0]


def of(files: list[FetchedFile], name: str = FLT) -> FetchedFile:
    return next(file for file in files if file.filename == name)


def files_below(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_every_file_is_fetched_recorded_and_points_to_its_version(
    archive: LoopbackArchive, services: Services, tmp_path: Path
) -> None:
    files = services.fetch.fetch(ALL, QUICK)
    assert [file.rootname for file in files] == list(FILES)
    assert {file.status for file in files} == {FetchStatus.COMPLETE}
    for file in files:
        content = content_of(archive, file.filename)
        assert file.path == str(tmp_path / "data" / "mast" / file.rootname / file.filename)
        assert Path(file.path).read_bytes() == content
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert (file.bytes, file.version, file.attempts) == (len(content), 1, 1)
    rows = downloads(services)
    assert {row["product"] for row in rows} == {file.filename for file in files}
    assert {row["path"] for row in rows} == {f"mast/{name}/{name}_flt.fits" for name in FILES}
    assert {row["status"] for row in rows} == {"complete"}
    assert activity(services)["status"] == "succeeded"
    managed = rows_of(services, "SELECT is_managed FROM file_locations")
    assert [bool(row["is_managed"]) for row in managed] == [True] * 4


def test_nothing_is_downloaded_twice(archive: LoopbackArchive, services: Services) -> None:
    services.fetch.fetch(ALL, QUICK)
    archive.reset_stats()
    files = services.fetch.fetch(ALL, QUICK)
    assert {file.status for file in files} == {FetchStatus.CACHED}
    assert {file.version for file in files} == {1}
    assert archive.stats().bytes_sent == 0
    cached = [row for row in downloads(services) if row["status"] == "cached"]
    assert len(cached) == 4 and all(row["version"] == 1 for row in cached)


def test_each_attempt_has_a_row_with_its_error(
    archive: LoopbackArchive, services: Services
) -> None:
    archive.misbehave("http_error", service="download", product=FLT, times=1)
    assert of(services.fetch.fetch(ONE, QUICK)).attempts == 2
    rows = [row for row in downloads(services) if row["uri"] == URI]
    assert [(row["attempt"], row["status"]) for row in rows] == [(1, "failed"), (2, "complete")]
    assert "answered 503" in rows[0]["error"]
    assert rows[0]["finished_at"] is not None


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ({"fault": "http_error"}, FetchStatus.FAILED, "answered 503"),
        ({"fault": "http_error", "status": 404}, FetchStatus.FAILED, "answered 404"),
        ({"fault": "down"}, FetchStatus.FAILED, "cannot be reached"),
        ({"fault": "slow", "delay_s": 2.0}, FetchStatus.FAILED, "did not answer in time"),
        ({"fault": "dropped", "after_bytes": 100}, FetchStatus.FAILED, "broke off after"),
        ({"fault": "wrong_size", "service": "portal"}, FetchStatus.CORRUPT, "lists"),
        ({"fault": "truncated"}, FetchStatus.CORRUPT, "lists"),
        ({"fault": "wrong_content"}, FetchStatus.CORRUPT, "not a FITS file"),
        ({"fault": "empty"}, FetchStatus.CORRUPT, "sends 0"),
    ],
)
def test_a_file_that_cannot_be_had_is_told_and_the_next_fetch_completes_the_set(
    archive: LoopbackArchive,
    lite: Services,
    fault: dict[str, Any],
    status: FetchStatus,
    said: str,
) -> None:
    archive.misbehave(**{"service": "download", "product": FLT, **fault})
    settings = dataclasses.replace(QUICK, timeout_s=0.5)
    files = lite.fetch.fetch(ONE, settings)
    bad, good = of(files), of(files, "ibxl50cqq_flt.fits")
    assert good.status is FetchStatus.COMPLETE
    assert bad.status is status and bad.path is None
    assert said in str(bad.error)
    assert files_below(lite.context.workspace.root / "mast") == {"ibxl50cqq/ibxl50cqq_flt.fits"}
    assert activity(lite)["status"] == "failed"
    assert "1 of 2 files" in activity(lite)["error"]
    assert said in rows_of(lite, "SELECT message FROM findings")[0]["message"]
    archive.behave()
    again = lite.fetch.fetch(ONE, QUICK)
    assert of(again).status is FetchStatus.COMPLETE and of(again).version == 1
    assert of(again, "ibxl50cqq_flt.fits").status is FetchStatus.CACHED
    assert files_below(lite.context.workspace.root / "partial") == set()


def test_one_changed_byte_never_gets_a_final_name(archive: LoopbackArchive, lite: Services) -> None:
    archive.replace(FLT, with_checksums(content_of(archive)))
    archive.misbehave("corrupted", service="download", product=FLT)
    bad = of(lite.fetch.fetch(ONE, QUICK))
    assert bad.status is FetchStatus.CORRUPT and "SUM" in str(bad.error)
    archive.behave()
    assert of(lite.fetch.fetch(ONE, QUICK)).status is FetchStatus.COMPLETE


@pytest.mark.parametrize("card", ["CHECKSUM", "DATASUM"])
def test_a_file_whose_sums_never_hold_is_fetched_again_and_then_given_up(
    archive: LoopbackArchive, lite: Services, card: str
) -> None:
    content = bytearray(with_checksums(content_of(archive)))
    content[content.index(f"{card:<8}= '".encode()) + 11] ^= 1
    archive.replace(FLT, bytes(content))
    file = of(lite.fetch.fetch(ONE, QUICK))
    assert (file.status, file.attempts) == (FetchStatus.CORRUPT, 2)
    assert f"damaged: {card} of HDU 0 (PRIMARY) does not hold" in str(file.error)
    assert f"{card} of HDU 0" in rows_of(lite, "SELECT message FROM findings")[0]["message"]


def test_hostile_names_are_rejected_and_the_rest_goes_on(
    archive: LoopbackArchive, services: Services, tmp_path: Path
) -> None:
    archive.misbehave("hostile_names")
    before = files_below(tmp_path)
    files = services.fetch.fetch(ALL, QUICK)
    good = [file for file in files if file.status is FetchStatus.COMPLETE]
    rejected = [file for file in files if file.status is FetchStatus.REJECTED]
    assert (len(good), len(rejected)) == (4, 6)
    assert all(file.reason and file.path is None for file in rejected)
    new = {name for name in files_below(tmp_path) - before if "ledger" not in name}
    assert new == {f"data/mast/{name}/{name}_flt.fits" for name in FILES}
    refused = [row for row in downloads(services) if row["status"] == "failed"]
    assert len(refused) == 6
    assert all(row["error"].startswith("not fetched: its name") for row in refused)
    assert len(rows_of(services, "SELECT id FROM findings")) == 6
    assert activity(services)["status"] == "succeeded"


@pytest.mark.parametrize("same_size", [True, False])
def test_a_content_that_changed_at_the_archive_is_a_new_version_beside_the_old(
    archive: LoopbackArchive, services: Services, same_size: bool
) -> None:
    first = of(services.fetch.fetch(ONE, QUICK))
    old = content_of(archive)
    new = reprocessed(old) if same_size else with_checksums(reprocessed(old)) + b"\0" * 2880
    archive.replace(FLT, new)
    assert (len(new) == len(old)) is same_size
    files = services.fetch.fetch(ONE, QUICK)
    second = of(files)
    assert second.status is FetchStatus.COMPLETE and second.version == 2
    assert second.path != first.path and second.sha256[:12] in str(second.path)
    assert Path(str(first.path)).read_bytes() == old
    assert Path(str(second.path)).read_bytes() == new
    third = of(services.fetch.fetch(ONE, QUICK))
    assert (third.status, third.path, third.version) == (FetchStatus.CACHED, second.path, 2)
    numbers = rows_of(
        services,
        "SELECT number FROM product_versions v JOIN products p ON p.id = v.product_id"
        f" WHERE p.filename = '{FLT}' ORDER BY number",
    )
    assert [row["number"] for row in numbers] == [1, 2]


def test_a_refresh_of_what_has_not_changed_makes_no_version(
    archive: LoopbackArchive, lite: Services
) -> None:
    first = of(lite.fetch.fetch(ONE, QUICK))
    archive.reset_stats()
    second = of(lite.fetch.fetch(ONE, dataclasses.replace(QUICK, refresh=True)))
    assert archive.stats().of(FLT).bytes_sent == first.bytes
    assert (second.status, second.path, second.version) == (FetchStatus.COMPLETE, first.path, 1)


def test_a_file_that_was_changed_here_is_repaired_and_the_change_is_kept(
    archive: LoopbackArchive, lite: Services
) -> None:
    path = Path(str(of(lite.fetch.fetch(ONE, QUICK)).path))
    path.write_bytes(b"mine")
    repaired = of(lite.fetch.fetch(ONE, QUICK))
    assert repaired.status is FetchStatus.COMPLETE
    assert Path(str(repaired.path)) == path and path.read_bytes() == content_of(archive)
    assert path.with_name(f"{FLT}.aside").read_bytes() == b"mine"
    assert "is kept as mast/ibxl50clq" in str(repaired.reason)


def test_a_file_that_is_gone_comes_back(archive: LoopbackArchive, lite: Services) -> None:
    path = Path(str(of(lite.fetch.fetch(ONE, QUICK)).path))
    path.unlink()
    assert of(lite.fetch.fetch(ONE, QUICK)).status is FetchStatus.COMPLETE
    assert path.read_bytes() == content_of(archive)


def test_a_whole_file_that_nobody_recorded_is_taken_as_it_is(
    archive: LoopbackArchive, lite: Services
) -> None:
    home = lite.context.workspace.root / "mast" / "ibxl50clq"
    home.mkdir(parents=True)
    (home / FLT).write_bytes(content_of(archive))
    found = of(lite.fetch.fetch(ONE, QUICK))
    assert (found.status, found.version) == (FetchStatus.CACHED, 1)
    assert archive.stats().of(FLT).bytes_sent == 0


def test_an_archive_that_cannot_say_whether_a_file_changed_is_remarked(
    archive: LoopbackArchive, lite: Services
) -> None:
    lite.fetch.fetch(ONE, QUICK)
    archive.misbehave("http_error", service="download", product=FLT)
    found = of(lite.fetch.fetch(ONE, QUICK))
    assert found.status is FetchStatus.CACHED and found.is_flagged
    assert "not asked whether it has changed: MAST: answered 503" in str(found.reason)
    (remark,) = (row["error"] for row in downloads(lite) if row["error"])
    assert "answered 503" in remark


def test_a_file_that_is_no_image_is_here_but_not_recorded(
    archive: LoopbackArchive, lite: Services
) -> None:
    query = MastQuery(("ibxl50*",), products=("ASN",))
    (table,) = lite.fetch.fetch(query, QUICK)
    assert table.status is FetchStatus.COMPLETE and table.is_flagged and table.version is None
    assert str(table.reason).startswith("here, but not recorded:")
    assert Path(str(table.path)).is_file()


def test_the_same_bytes_under_two_names_are_one_version_at_two_places(
    archive: LoopbackArchive, lite: Services
) -> None:
    files = lite.fetch.fetch(MastQuery(("*ibxl50*",), project=None), QUICK)
    assert len(files) == 4 and {file.version for file in files} == {1}
    assert len({file.sha256 for file in files}) == 2
    assert {row["version"] for row in downloads(lite)} == {1}
    with lite.context.store.reading() as session:
        found = session.scalars(select(ProductVersion)).all()
        places = [place.path for version in found for place in version.locations]
    assert len(found) == 2
    assert len(set(places)) == 4


def test_a_destination_of_the_users_is_used(
    archive: LoopbackArchive, lite: Services, tmp_path: Path
) -> None:
    settings = dataclasses.replace(QUICK, dest=tmp_path / "mine")
    file = of(lite.fetch.fetch(ONE, settings))
    assert file.path == str(tmp_path / "mine" / "ibxl50clq" / FLT)


def test_a_destination_that_cannot_be_written_is_a_failure_of_each_file(
    archive: LoopbackArchive, lite: Services, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("a file")
    files = lite.fetch.fetch(ONE, dataclasses.replace(QUICK, dest=tmp_path / "mine"))
    assert {file.status for file in files} == {FetchStatus.FAILED}
    assert "cannot be moved to its directory" in str(files[0].error)


def test_a_query_that_finds_nothing_leaves_a_failed_row(
    archive: LoopbackArchive, services: Services
) -> None:
    with pytest.raises(NotFoundError):
        services.fetch.fetch(MastQuery(("zzz",)), QUICK)
    assert activity(services)["status"] == "failed"
    assert "no HST observation with obs_ids=zzz" in activity(services)["error"]


def test_a_service_that_is_down_leaves_a_failed_row(
    archive: LoopbackArchive, services: Services
) -> None:
    archive.stop()
    with pytest.raises(ArchiveError, match="cannot be reached"):
        services.fetch.fetch(ALL, QUICK)
    assert "cannot be reached" in activity(services)["error"]


def test_an_interruption_leaves_an_interrupted_row_and_keeps_what_arrived(
    archive: LoopbackArchive, lite: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skydb.services.intake import fetchwork

    def interrupted(_: object) -> Iterator[object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(fetchwork, "as_completed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lite.fetch.fetch(ALL, QUICK)
    assert activity(lite)["status"] == "interrupted"
    assert "KeyboardInterrupt" in activity(lite)["error"]


def test_a_token_is_sent_but_neither_stored_nor_told(
    archive: LoopbackArchive, lite: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = "0123456789abcdef-secret"
    monkeypatch.setenv("MAST_API_TOKEN", token)
    archive.misbehave("http_error", service="download", product=FLT, status=401)
    files = lite.fetch.fetch(ALL, QUICK)
    with pytest.raises(NotFoundError) as caught:
        lite.fetch.fetch(MastQuery((token,)), QUICK)
    assert token not in str(caught.value)
    stats = archive.stats()
    assert stats.with_token == sum(stats.requests.values()) > 0
    assert "MAST_API_TOKEN" in str(of(files).error)
    assert token not in json.dumps([dataclasses.asdict(file) for file in files], default=str)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes(), path


def test_the_python_interface_gives_a_table(
    archive: LoopbackArchive, sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with skydb.open(sqlite_ledger_url, data=tmp_path / "data") as ledger:
        files = ledger.fetch(obs_id="ibxl50*", products="FLT", attempts=2)
    assert [file.filename for file in files] == [FLT, "ibxl50cqq_flt.fits"]


@pytest.mark.parametrize("wrong", [{"jobs": 0}, {"attempts": 0}, {"timeout_s": 0.0}])
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="must be positive"):
        FetchSettings(**wrong)


def test_the_service_asks_where_the_environment_says(
    archive: LoopbackArchive, lite: Services
) -> None:
    assert FetchService(lite.context).endpoints.mast_url == os.environ["SKYDB_MAST_URL"]
