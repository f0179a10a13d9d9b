"""Writing into the user's files that was killed: known, undone, or done again from the start."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.domain import HeaderRestore, HeaderWrite
from skydb.domain.vocabulary import ActivityStatus, FindingKind
from skydb.errors import StateError
from skydb.files.drafts import draft_of
from skydb.files.headerblocks import replace_headers
from skydb.files.lock import alone_in
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.header_writes import HeaderService
from skydb.services.core.context import Context
from skydb.services.core.header_backups import UnfinishedWrite, unfinished_in
from skydb.services.core.header_journal import HeaderJournal
from tests.services.tools import Toolbox, checksums

pytestmark = pytest.mark.alternating

WHY = "there are no stars to find in a test"
JOURNAL = "skydb.services.core.header_journal"


def unfinished_header_writes(context: Context) -> list[UnfinishedWrite]:
    """Writings that were killed; one that goes on in another process is none of them."""
    try:
        with alone_in(context.workspace.root):
            return unfinished_in(context)
    except StateError:
        return []


class Killed(BaseException):
    """The process is gone: nothing that would come after it is done."""


@pytest.fixture
def fit(services_anywhere, visit, catalog_file) -> int:
    services_anywhere.ingest.ingest(visit)
    services_anywhere.refcat.import_file(catalog_file, 2016.0, "gaia")
    return AlignService(services_anywhere.context, Toolbox()).run("gaia")


def accept(services, fit):
    return HeaderService(services.context, Toolbox()).accept(fit, force_why=WHY)


def kill(services, fit, monkeypatch, after: int) -> None:
    """Kill an acceptance that writes headers after so many files; -1 before it has begun to."""
    done: list[Path] = []

    def replace(path, headers, sha256):
        if len(done) == after:
            raise Killed
        replace_headers(path, headers, sha256)
        done.append(path)

    def write(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Context, "guarded", lambda *_: nullcontext())
        patch.setattr(HeaderJournal, "_all_or_none", lambda *_: nullcontext(done[:0]))
        patch.setattr(f"{JOURNAL}.replace_headers", replace)
        if after == 3:
            patch.setattr(HeaderJournal, "_hand_over", write)
        if after == -1:
            patch.setattr(HeaderService, "_write", write)
        with pytest.raises(Killed):
            accept(services, fit)


def writes(services) -> list[ActivityStatus]:
    with services.context.store.reading() as session:
        found = session.scalars(select(HeaderWrite).order_by(HeaderWrite.id))
        return [write.status for write in found]


@pytest.mark.parametrize("after", [-1, 0, 2, 3])
def test_a_write_that_was_killed_is_known_and_repeating_the_command_completes_it(
    services_anywhere, visit, fit, monkeypatch, after
):
    before = checksums(visit)
    kill(services_anywhere, fit, monkeypatch, after)
    (left,) = unfinished_header_writes(services_anywhere.context)
    assert left.status is ActivityStatus.RUNNING
    assert set(left.paths) == (set() if after < 0 else set(visit))
    litter = draft_of(visit[0])
    litter.write_bytes(b"half")
    outcomes, written = accept(services_anywhere, fit)
    assert [one.version for one in outcomes] == [2, 2]
    assert [one.path for one in written] == [str(path) for path in visit]
    now = checksums(visit)
    assert all(now[path] != before[path] for path in visit)
    assert writes(services_anywhere) == [ActivityStatus.INTERRUPTED, ActivityStatus.SUCCEEDED]
    assert unfinished_header_writes(services_anywhere.context) == []
    assert litter.exists() == (after < 0)
    HeaderService(services_anywhere.context).restore(written[0].activity)
    assert checksums(visit) == before


@pytest.mark.parametrize("after", [-1, 0, 2, 3])
def test_a_write_that_was_killed_can_be_undone(services_anywhere, visit, fit, monkeypatch, after):
    before = checksums(visit)
    kill(services_anywhere, fit, monkeypatch, after)
    (left,) = unfinished_header_writes(services_anywhere.context)
    with HeaderJournal(services_anywhere.context).alone() as undone:
        assert [(one.activity, one.paths) for one in undone] == [(left.activity, left.paths)]
    assert checksums(visit) == before
    assert writes(services_anywhere) == [ActivityStatus.INTERRUPTED]
    assert unfinished_header_writes(services_anywhere.context) == []
    assert [one.status.value for one in services_anywhere.ingest.ingest(visit)] == ["known"] * 3


def test_the_way_back_of_a_user_ends_a_write_that_was_killed(
    services_anywhere, visit, fit, monkeypatch
):
    before = checksums(visit)
    kill(services_anywhere, fit, monkeypatch, 1)
    (left,) = unfinished_header_writes(services_anywhere.context)
    HeaderService(services_anywhere.context).restore(left.activity)
    assert checksums(visit) == before
    assert writes(services_anywhere) == [ActivityStatus.INTERRUPTED]


def test_a_file_that_somebody_has_changed_since_is_left_and_named(
    services_anywhere, visit, fit, monkeypatch
):
    before = checksums(visit)
    kill(services_anywhere, fit, monkeypatch, 3)
    fits.setval(visit[1], "OBSERVER", value="me")
    with HeaderJournal(services_anywhere.context).alone() as undone:
        assert len(undone) == 1
    assert checksums(visit)[visit[0]] == before[visit[0]]
    assert fits.getheader(visit[1])["OBSERVER"] == "me"
    found = services_anywhere.plain.findings()
    assert [one["subject"] for one in found if one["kind"] == FindingKind.NOT_WRITTEN.value] == [
        str(visit[1])
    ]


def test_while_another_process_writes_nothing_is_unfinished_and_nobody_else_writes(
    services_anywhere, fit, monkeypatch
):
    kill(services_anywhere, fit, monkeypatch, 1)
    root = services_anywhere.context.workspace.root
    with alone_in(root):
        assert unfinished_header_writes(services_anywhere.context) == []
        with pytest.raises(StateError, match="Another process is writing headers"):
            accept(services_anywhere, fit)
    assert len(unfinished_header_writes(services_anywhere.context)) == 1


def test_headers_can_be_asked_for_after_an_acceptance_and_once_only(services_anywhere, visit, fit):
    AcceptService(services_anywhere.context, Toolbox()).accept(fit, force_why=WHY)
    outcomes, written = accept(services_anywhere, fit)
    assert [one.residual_mas is not None for one in outcomes] == [True, True]
    with pytest.raises(StateError, match="has written the headers of your files"):
        accept(services_anywhere, fit)
    HeaderService(services_anywhere.context).restore(written[0].activity)
    assert len(accept(services_anywhere, fit)[1]) == 3


def test_a_write_that_undoes_itself_leaves_nothing_to_finish(
    services_anywhere, visit, fit, monkeypatch
):
    before = checksums(visit)
    done: list[Path] = []

    def replace(path, headers, sha256):
        if len(done) == 1:
            done.append(path)
            raise KeyboardInterrupt
        replace_headers(path, headers, sha256)
        done.append(path)

    monkeypatch.setattr(f"{JOURNAL}.replace_headers", replace)
    with pytest.raises(KeyboardInterrupt):
        accept(services_anywhere, fit)
    monkeypatch.undo()
    assert checksums(visit) == before
    assert writes(services_anywhere) == [ActivityStatus.INTERRUPTED]
    assert unfinished_header_writes(services_anywhere.context) == []
    with services_anywhere.context.store.reading() as session:
        assert session.scalars(select(HeaderRestore)).all() == []
    assert len(accept(services_anywhere, fit)[1]) == 3
