"""The steps of the download of one file, without an archive: what is here, what came, where to."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skydb.archive.download import Arrival, TransferError
from skydb.archive.file_store import FileStore
from skydb.archive.mast import MastProduct, MastQuery
from skydb.domain.vocabulary import DownloadStatus, FetchStatus
from skydb.errors import FileRejectedError, UsageError
from skydb.services.intake import fetchwork
from skydb.services.intake.fetch_attempts import KnownDownload
from skydb.services.intake.fetched import FetchedFile, FetchPlan, FetchSettings
from skydb.services.intake.fetchwork import FetchWork

NAME, PIXELS = "ibxl50clq_flt.fits", b"pixels"
SUM = hashlib.sha256(PIXELS).hexdigest()
PRODUCT = MastProduct(f"mast:{NAME}", NAME, len(PIXELS))
KNOWN = KnownDownload("here.fits", SUM, len(PIXELS), "tag", 3)
FILE = FetchedFile(PRODUCT.uri, NAME, "ibxl50clq", FetchStatus.PLANNED, 6, path="planned")


class Archive:
    """A downloader that answers as it is told, and a log of what it was asked."""

    def __init__(self) -> None:
        self.asked, self.etag, self.error = list[str](), "tag", None

    def _answer(self, what: str, value: Any) -> Any:
        self.asked.append(what)
        if self.error is not None:
            raise self.error
        return value

    def current(self, product: MastProduct) -> Any:
        return self._answer("current", SimpleNamespace(etag=self.etag))

    def download(self, product: MastProduct, log: Any) -> Any:
        return self._answer("download", Arrival(Path("part"), len(PIXELS), SUM, "tag"))

    def tidy(self, product: MastProduct) -> None:
        self.asked.append("tidy")


class Log:
    """A list of what was recorded."""

    product, attempts = PRODUCT, 2

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def found(self, *said: Any) -> None:
        self.rows.append(("found", *said))

    def failed(self, error: TransferError) -> None:
        self.rows.append(("failed", error.what, error.status, error.received_bytes))

    def finished(self, arrival: Arrival, path: str) -> None:
        self.rows.append(("finished", arrival.sha256, path))


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def known() -> dict[str, KnownDownload]:
    return {PRODUCT.uri: KNOWN}


@pytest.fixture
def work(
    archive: Archive, known: dict[str, KnownDownload], tmp_path: Path, monkeypatch: Any
) -> FetchWork:
    monkeypatch.setattr(fetchwork, "known_downloads", lambda *_: known)
    monkeypatch.setattr(fetchwork, "Downloader", lambda *_, **__: archive)
    (tmp_path / "here.fits").write_bytes(PIXELS)
    workspace = SimpleNamespace(
        root=tmp_path, resolve=tmp_path.joinpath, relative=lambda path: path.name
    )
    context: Any = SimpleNamespace(workspace=workspace, store=None)
    client: Any = SimpleNamespace(
        open_session=lambda _: None, redact=lambda text: text.replace("token", "***")
    )
    plan = FetchPlan(MastQuery(("i*",)), FetchSettings(), (PRODUCT,), (FILE,))
    return FetchWork(context, 1, plan, client, FileStore(tmp_path / "root"))


def test_a_file_is_here_while_its_bytes_and_the_archives_mark_are_the_same(
    work: FetchWork, archive: Archive, known: dict[str, KnownDownload]
) -> None:
    assert work._here(PRODUCT) == (KNOWN, None)
    assert work._here(replace(PRODUCT, size_bytes=None)) == (KNOWN, None)
    assert archive.asked == ["current"] * 2
    archive.etag = None
    assert work._here(PRODUCT) == (KNOWN, None)
    archive.etag = "another"
    assert work._here(PRODUCT) is None
    archive.error = TransferError("is down")
    assert work._here(PRODUCT) == (KNOWN, "not asked whether it has changed: MAST: is down.")
    # What cannot be relied on is not asked about.
    archive.asked.clear()
    assert work._here(replace(PRODUCT, size_bytes=7)) is None
    for changed in (
        {"sha256": "c" * 64}, {"sha256": "0" * 64}, {"size_bytes": 5}, {"size_bytes": 7},
        {"path": "gone.fits"}, {"path": "here.fits/x"},
    ):  # fmt: skip
        known[PRODUCT.uri] = replace(KNOWN, **changed)
        assert work._here(replace(PRODUCT, size_bytes=None)) is None
    known[PRODUCT.uri] = replace(KNOWN, etag=None)
    assert work._here(PRODUCT) == (known[PRODUCT.uri], None)
    assert archive.asked == []


def test_a_whole_file_at_its_place_is_here_though_no_row_says_so(
    work: FetchWork, known: dict[str, KnownDownload], monkeypatch: pytest.MonkeyPatch
) -> None:
    known.clear()
    checked: list[tuple[Path, str]] = []
    monkeypatch.setattr(fetchwork, "check_arrival", lambda *told: checked.append(told))
    assert work._here(PRODUCT) is None
    place = work.file_store.root / "ibxl50clq" / NAME
    place.mkdir(parents=True)
    assert work._here(replace(PRODUCT, size_bytes=place.stat().st_size)) is None
    place.rmdir()
    place.write_bytes(PIXELS)
    for size in (None, 5, 7):
        assert work._here(replace(PRODUCT, size_bytes=size)) is None
    assert checked == []
    assert work._here(PRODUCT) == (KnownDownload(NAME, SUM, 6, None), None)
    assert checked == [(place, NAME)]

    def refuse(path: Path, name: str) -> None:
        raise FileRejectedError(path, "it is cut")

    monkeypatch.setattr(fetchwork, "check_arrival", refuse)
    assert work._here(PRODUCT) is None


def test_a_file_that_is_here_is_said_with_what_is_known_and_no_secret(
    work: FetchWork, archive: Archive, tmp_path: Path
) -> None:
    for remark, reason in ((None, None), ("no token", "no ***")):
        log: Any = Log()
        assert work._cached(FILE, KNOWN, remark, log) == replace(
            FILE, status=FetchStatus.CACHED, bytes=6, sha256=SUM, version=3,
            path=str(tmp_path / "here.fits"), reason=reason,
        )  # fmt: skip
        assert log.rows == [("found", KNOWN, remark)]
    assert archive.asked == ["tidy"] * 2


@pytest.mark.parametrize("status", [DownloadStatus.FAILED, DownloadStatus.CORRUPT])
@pytest.mark.parametrize("received", [None, 0, 30])
def test_a_file_that_did_not_come_says_how_much_did_and_no_secret(
    work: FetchWork, archive: Archive, status: DownloadStatus, received: int | None
) -> None:
    archive.error = TransferError("no token", status=status, received_bytes=received)
    log: Any = Log()
    assert work._arrived(FILE, PRODUCT, log) == replace(
        FILE, status=FetchStatus(status.value), bytes=received or 0, path=None, attempts=2,
        error="MAST: no ***.",
    )  # fmt: skip
    assert archive.asked == ["download"]


@pytest.mark.parametrize("sha256", [SUM, "c" * 64, "0" * 64, None])
@pytest.mark.parametrize("aside", [None, Path("old/a.fits")])
def test_a_file_that_came_goes_to_its_place_or_repairs_the_one_of_the_same_bytes(
    work: FetchWork, archive: Archive, known: dict[str, KnownDownload], tmp_path: Path,
    sha256: str | None, aside: Path | None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    known.clear()
    if sha256 is not None:
        known[PRODUCT.uri] = replace(KNOWN, sha256=sha256)
    placed: list[Path | None] = []

    def place(_: FileStore, product: MastProduct, arrival: Arrival, restore: Path | None) -> Any:
        placed.append(restore)
        return SimpleNamespace(path=Path("home/b.fits"), set_aside=aside)

    monkeypatch.setattr(FileStore, "place", place)
    log: Any = Log()
    found = work._arrived(FILE, PRODUCT, log)
    reason = aside and "the earlier file had changed and is kept as a.fits"
    assert found == replace(
        FILE, status=FetchStatus.COMPLETE, bytes=6, sha256=SUM, path="home/b.fits", attempts=2,
        reason=reason,
    )  # fmt: skip
    assert placed == [tmp_path / "here.fits" if sha256 == SUM else None]
    assert log.rows == [("finished", SUM, "b.fits")]
    assert archive.asked == ["download", "tidy"]


@pytest.mark.parametrize("error", [OSError("full"), UsageError("would leave")])
def test_a_file_that_has_no_place_is_a_failure_of_its_own(
    work: FetchWork, archive: Archive, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(FileStore, "place", refuse)
    log: Any = Log()
    found = work._arrived(FILE, PRODUCT, log)
    assert (found.status, found.bytes, found.path) == (FetchStatus.FAILED, 6, None)
    what = f"MAST: {NAME} cannot be moved to its directory ({error})."
    assert str(found.error).startswith(what)
    assert log.rows == [("failed", what, DownloadStatus.FAILED, 6)]
    assert archive.asked == ["download"]
