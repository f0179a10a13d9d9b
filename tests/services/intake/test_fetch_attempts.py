"""Texts of an archive as a database takes them, and what was fetched before."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from skydb.archive.download import Arrival, TransferError
from skydb.domain import Download, DownloadActivity
from skydb.domain.vocabulary import DownloadStatus
from skydb.services.intake.fetch_attempts import (
    AttemptLog,
    KnownDownload,
    known_downloads,
    printable,
)
from tests.domain.entities import STAMP
from tests.services.survey import Survey


@given(st.text(alphabet=st.characters(codec=None), max_size=900))
def test_whatever_an_archive_says_can_be_stored(text: str) -> None:
    shown = printable(text)
    assert "\0" not in shown and shown.isprintable() and len(shown) < 400
    shown.encode()


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=300))
def test_the_name_of_a_file_is_recorded_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_two_long_names_that_begin_alike_stay_two() -> None:
    assert printable("x" * 500 + "a") != printable("x" * 500 + "b")


def test_a_name_that_is_longer_than_any_is_cut_and_marked() -> None:
    assert printable("x" * 300) == "x" * 300
    mark = hashlib.sha256(b"x" * 301).hexdigest()[:8]
    assert printable("x" * 301) == f"{'x' * 300}...{mark}"
    assert (printable("a\nbc", 5), printable("a\nb", 4)) == (r"a\nbc", r"a\nb")
    assert printable("a\nbc", 4).startswith(r"a\nb...")


def test_what_was_fetched_before_is_known_with_its_own_version(services_anywhere) -> None:
    store = services_anywhere.context.store
    with store.writing() as session:
        survey = Survey(session)
        first, second = survey.exposure("50", 1), survey.exposure("50", 2)
        versions = [survey.content(one) for one in (second, first, second, first, first)]
        downloads = [
            survey.download(one, datetime(2020, 1, 1, tzinfo=UTC)) for one in versions[1:3]
        ]
        expected = {one.uri: (one.sha256, one.version.number) for one in downloads}
        session.commit()
    assert sorted(number for _, number in expected.values()) == [1, 2]
    known = known_downloads(store, [*expected, "mast:HST/never.fits"])
    assert {uri: (one.sha256, one.version) for uri, one in known.items()} == expected


class _Bars:
    """A bar of all files, and one of each."""

    def __init__(self) -> None:
        self.all, self.own = 0, dict[str, list[Any]]()

    def advance(self, steps: int) -> None:
        self.all += steps

    def part(self, name: str, size: int) -> Any:
        bar = self.own[name] = [size, 0, "open"]

        def advance(steps: int) -> None:
            bar[1] += steps

        def end() -> None:
            bar[2] = "ended"

        return SimpleNamespace(advance=advance, end=end)


def test_every_attempt_leaves_a_row_without_secrets_and_moves_the_bars(services) -> None:
    store, bars = services.context.store, _Bars()
    with store.writing() as session:
        session.add(DownloadActivity({}, STAMP))
        session.commit()
    context: Any = SimpleNamespace(store=store, progress=bars)
    product: Any = SimpleNamespace(uri="mast:a", filename="a.fits", size_bytes=100)
    log = AttemptLog(context, 1, product, lambda text: text.replace("token", "***"))
    log.started(1)
    assert bars.own == {"a.fits": [100, 0, "open"]}
    log.moved(30)
    log.failed(TransferError("no token", received_bytes=30))
    log.started(2)
    # What has arrived of the first attempt does not count any more.
    assert (bars.all, bars.own["a.fits"][1], log.attempts) == (0, 0, 2)
    log.moved(60)
    log.moved(40)
    log.finished(Arrival(Path("part"), 100, "c" * 64, "tag"), "home")
    log.close()
    assert (bars.all, bars.own) == (100, {"a.fits": [100, 100, "ended"]})
    again = AttemptLog(context, 1, product, lambda text: text.replace("token", "***"))
    for remark in (None, "no token"):
        again.found(KnownDownload("here", "d" * 64, 90, "old"), remark)
    again.refused("a bad name")
    again.close()
    assert (bars.all, again.attempts) == (300, 0)
    with store.reading() as session:
        rows = session.scalars(select(Download).order_by(Download.id)).all()
    names = ("attempt", "status", "received_bytes", "sha256", "path", "etag", "error")
    cached = (1, DownloadStatus.CACHED, 90, "d" * 64, "here", "old")
    assert [tuple(getattr(row, name) for name in names) for row in rows] == [
        (1, DownloadStatus.FAILED, 30, None, None, None, "MAST: no ***."),
        (2, DownloadStatus.COMPLETE, 100, "c" * 64, "home", "tag", None),
        (*cached, None),
        (*cached, "no ***"),
        (1, DownloadStatus.FAILED, 0, None, None, None, "not fetched: a bad name"),
    ]
    assert {(row.activity_id, row.uri, row.expected_bytes) for row in rows} == {(1, "mast:a", 100)}
    # A file of which the archive lists no size moves no bar.
    product.size_bytes = None
    again.found(KnownDownload("here", "d" * 64, 90, "old"), None)
    assert bars.all == 300
