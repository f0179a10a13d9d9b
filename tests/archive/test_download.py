"""Transfers of one file: resumed, repaired, refused, and never trusted unchecked."""

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from skydb.archive.download import Arrival, Downloader, Pace, TransferError
from skydb.archive.file_store import FileStore
from skydb.archive.mast import MastClient, MastProduct
from skydb.archive.partial import Partial, Validators
from skydb.domain.vocabulary import DownloadStatus
from skydb.errors import StateError, UsageError
from skydb.simulate.archive import LoopbackArchive
from tests.archive.fixtures import (
    FLT,
    URI,
    archive,
    content_of,
    reprocessed,
    server,
    with_checksums,
)

__all__ = ["archive", "server"]


@dataclass
class Notes:
    """Remembers what a download tells."""

    attempts: list[int] = field(default_factory=list)
    failures: list[TransferError] = field(default_factory=list)
    moved_bytes: int = 0

    def started(self, attempt: int) -> None:
        self.attempts.append(attempt)

    def failed(self, error: TransferError) -> None:
        self.failures.append(error)

    def moved(self, arrived_bytes: int) -> None:
        self.moved_bytes += arrived_bytes


def downloader_of(
    archive: LoopbackArchive, directory: Path, *, attempts: int = 3, timeout_s: float = 5.0
) -> Downloader:
    client = MastClient(archive.url, timeout_s=timeout_s)
    return Downloader(client, directory, client.open_session(), attempts, first_wait_s=0.01)


def product_of(archive: LoopbackArchive) -> MastProduct:
    return MastProduct(URI, FLT, len(content_of(archive)))


def assert_arrived(arrival: Arrival, archive: LoopbackArchive) -> None:
    assert arrival.path.read_bytes() == content_of(archive)
    assert arrival.sha256 == hashlib.sha256(content_of(archive)).hexdigest()
    assert arrival.etag == archive.holdings.content(FLT).etag


def test_a_file_arrives_whole(archive: LoopbackArchive, tmp_path: Path) -> None:
    notes = Notes()
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), notes), archive)
    assert notes.attempts == [1] and notes.failures == []
    assert notes.moved_bytes == product_of(archive).size_bytes


def test_a_file_of_unknown_size_arrives_too(archive: LoopbackArchive, tmp_path: Path) -> None:
    product = MastProduct(URI, FLT)
    assert_arrived(downloader_of(archive, tmp_path).download(product, Notes()), archive)


def test_a_dropped_connection_is_resumed_where_it_broke(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    archive.misbehave("dropped", service="download", times=1, after_bytes=50_000)
    notes = Notes()
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), notes), archive)
    assert notes.attempts == [1, 2]
    assert "broke off after 50000 of" in str(notes.failures[0])
    assert archive.stats().of(FLT).ranges == 1
    assert archive.stats().bytes_sent == product_of(archive).size_bytes


def test_a_part_of_another_process_is_taken_up(archive: LoopbackArchive, tmp_path: Path) -> None:
    partial = Partial.of(tmp_path, URI)
    partial.begin(Validators(archive.holdings.content(FLT).etag))
    partial.path.write_bytes(content_of(archive)[:70_000])
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), Notes()), archive)
    assert archive.stats().bytes_sent == product_of(archive).size_bytes - 70_000


def test_a_part_that_is_whole_already_costs_no_byte(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    partial = Partial.of(tmp_path, URI)
    partial.begin(Validators(archive.holdings.content(FLT).etag))
    partial.path.write_bytes(content_of(archive))
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), Notes()), archive)
    assert archive.stats().bytes_sent == 0


@pytest.mark.parametrize("size_bytes", [1000, 10_000_000])
def test_a_part_of_what_is_no_longer_there_is_thrown_away(
    archive: LoopbackArchive, tmp_path: Path, size_bytes: int
) -> None:
    partial = Partial.of(tmp_path, URI)
    partial.begin(Validators('"old"'))
    partial.path.write_bytes(b"x" * size_bytes)
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), Notes()), archive)


def test_a_part_that_is_too_long_is_thrown_away(archive: LoopbackArchive, tmp_path: Path) -> None:
    partial = Partial.of(tmp_path, URI)
    partial.begin(Validators(archive.holdings.content(FLT).etag))
    partial.path.write_bytes(content_of(archive) + b"more")
    notes = Notes()
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), notes), archive)
    assert notes.failures[0].status is DownloadStatus.CORRUPT


def test_a_part_whose_content_nobody_noted_is_not_trusted(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    Partial.of(tmp_path, URI).path.write_bytes(b"x" * 1000)
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), Notes()), archive)
    assert archive.stats().of(FLT).ranges == 0


@pytest.mark.parametrize("fault", ["truncated", "wrong_content", "empty"])
def test_a_bad_body_is_thrown_away_and_fetched_again(
    archive: LoopbackArchive, tmp_path: Path, fault: str
) -> None:
    archive.misbehave(fault, service="download", times=1)
    notes = Notes()
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), notes), archive)
    assert [failure.status for failure in notes.failures] == [DownloadStatus.CORRUPT]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"fault": "truncated"}, "lists .* bytes but sends"),
        ({"fault": "wrong_content"}, "not a FITS file"),
        ({"fault": "empty"}, "lists .* bytes but sends 0"),
        ({"fault": "http_error", "status": 500}, "answered 500"),
        ({"fault": "down"}, "cannot be reached"),
        ({"fault": "slow", "delay_s": 3.0}, "did not answer in time"),
        ({"fault": "slow", "bytes_per_s": 400.0}, "stopped sending|too slow"),
        ({"fault": "dropped", "after_bytes": 0}, "broke off after 0 of"),
    ],
)
def test_what_does_not_get_better_ends_after_the_last_attempt(
    archive: LoopbackArchive, tmp_path: Path, fault: dict[str, object], said: str
) -> None:
    archive.misbehave(**fault, service="download")
    notes = Notes()
    downloader = downloader_of(archive, tmp_path, attempts=2, timeout_s=0.4)
    with pytest.raises(TransferError, match=said) as caught:
        downloader.download(product_of(archive), notes)
    assert notes.attempts == [1, 2]
    assert notes.failures[-1] is caught.value


def test_one_changed_byte_is_seen_where_there_are_checksums(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    archive.replace(FLT, with_checksums(content_of(archive)))
    archive.misbehave("corrupted", service="download", times=1)
    notes = Notes()
    assert_arrived(downloader_of(archive, tmp_path).download(product_of(archive), notes), archive)
    assert "DATASUM" in str(notes.failures[0]) or "CHECKSUM" in str(notes.failures[0])


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_not_repeated(archive: LoopbackArchive, tmp_path: Path, status: int) -> None:
    archive.misbehave("http_error", service="download", status=status)
    notes = Notes()
    with pytest.raises(TransferError, match=f"answered {status}") as caught:
        downloader_of(archive, tmp_path).download(product_of(archive), notes)
    assert notes.attempts == [1]
    assert ("MAST_API_TOKEN" in str(caught.value)) is (status in (401, 403))


def test_a_size_that_the_archive_does_not_keep_is_corrupt(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    product = MastProduct(URI, FLT, 2880)
    with pytest.raises(TransferError, match="lists 2880 bytes but sends") as caught:
        downloader_of(archive, tmp_path, attempts=1).download(product, Notes())
    assert caught.value.status is DownloadStatus.CORRUPT
    assert list(tmp_path.iterdir()) == []


def test_another_exposure_under_the_name_is_corrupt(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    archive.replace(FLT, content_of(archive, "ibxl50cqq_flt.fits"))
    with pytest.raises(TransferError, match="it is ibxl50cqq by its header"):
        downloader_of(archive, tmp_path, attempts=1).download(product_of(archive), Notes())


def test_a_file_that_another_process_is_fetching_is_left_alone(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    downloader = downloader_of(archive, tmp_path, attempts=1)
    with (
        downloader.partial(product_of(archive)).locked(),
        pytest.raises(TransferError, match="being fetched by another process"),
    ):
        downloader.download(product_of(archive), Notes())


def test_a_lock_is_free_again_and_leaves_no_litter(tmp_path: Path) -> None:
    partial = Partial.of(tmp_path, URI)
    with partial.locked(), pytest.raises(StateError), partial.locked():
        pass
    with partial.locked():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_download_keeps_what_has_arrived(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    downloader = downloader_of(archive, tmp_path)
    downloader.stop.set()
    with pytest.raises(TransferError, match="was interrupted"):
        downloader.download(product_of(archive), Notes())
    assert downloader.partial(product_of(archive)).size_bytes > 0


def test_a_directory_that_cannot_be_written_ends_at_once(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    notes = Notes()
    with pytest.raises(TransferError, match="cannot be written"):
        downloader_of(archive, tmp_path / "file").download(product_of(archive), notes)
    assert notes.attempts == [1]


def test_the_pace_is_judged_over_a_whole_time_limit() -> None:
    now_s = iter([0.0, 0.5, 1.1, 1.1, 1.5, 2.3, 2.3])
    pace = Pace(1.0, now_s=lambda: next(now_s))
    assert [pace.is_kept(n) for n in (1, 5000, 1, 1)] == [True, True, True, False]


def arrived(directory: Path, content: bytes) -> Arrival:
    path = directory / f"{hashlib.sha256(content).hexdigest()}.part"
    path.write_bytes(content)
    return Arrival(path, len(content), hashlib.sha256(content).hexdigest(), None)


def test_a_later_content_stands_beside_the_first(tmp_path: Path) -> None:
    shelf, product = FileStore(tmp_path / "mast"), MastProduct(URI, FLT)
    first = shelf.place(product, arrived(tmp_path, b"one")).path
    second = shelf.place(product, arrived(tmp_path, b"two")).path
    again = shelf.place(product, arrived(tmp_path, b"two")).path
    assert first == tmp_path / "mast" / "ibxl50clq" / FLT
    assert second == again
    assert second == first.parent / hashlib.sha256(b"two").hexdigest()[:12] / FLT
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")


def test_what_stands_in_the_place_of_a_repair_is_kept(tmp_path: Path) -> None:
    shelf, product = FileStore(tmp_path / "mast"), MastProduct(URI, FLT)
    home = shelf.place(product, arrived(tmp_path, b"one")).path
    for turn in ("mine", "mine too"):
        home.write_text(turn)
        placement = shelf.place(product, arrived(tmp_path, b"one"), restore=home)
        assert placement.path.read_bytes() == b"one"
        assert placement.set_aside is not None and placement.set_aside.read_text() == turn


def test_a_link_does_not_lead_out_of_the_shelf(tmp_path: Path) -> None:
    (tmp_path / "mast").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mast" / "ibxl50clq").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="would leave"):
        FileStore(tmp_path / "mast").home(MastProduct(URI, FLT))


def test_other_file_systems_are_crossed_by_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    rename = Path.rename

    def across(self: Path, target: Path) -> Path:
        if self.parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", across)
    placed = (
        FileStore(tmp_path / "mast").place(MastProduct(URI, FLT), arrived(tmp_path, b"one")).path
    )
    assert placed.read_bytes() == b"one"
    assert [path.name for path in placed.parent.iterdir()] == [FLT]


def test_several_threads_share_a_downloader(archive: LoopbackArchive, tmp_path: Path) -> None:
    downloader, errors = downloader_of(archive, tmp_path), []

    def fetch(name: str) -> None:
        product = MastProduct(f"mast:HST/product/{name}", name, len(content_of(archive, name)))
        arrival = downloader.download(product, Notes())
        errors.append(arrival.path.read_bytes() != content_of(archive, name))

    threads = [
        threading.Thread(target=fetch, args=(row["productFilename"],))
        for row in archive.holdings.product_rows
        if row["productSubGroupDescription"] == "FLT" and row["project"] == "CALWF3"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == [False] * 4


def test_a_reprocessed_file_has_another_name_at_the_archive(
    archive: LoopbackArchive, tmp_path: Path
) -> None:
    downloader = downloader_of(archive, tmp_path)
    before = downloader.current(product_of(archive))
    archive.replace(FLT, reprocessed(content_of(archive)))
    assert downloader.current(product_of(archive)) != before
