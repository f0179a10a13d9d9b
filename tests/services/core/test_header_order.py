"""Headers that are written one after the other, and put back in any order."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from skydb.domain.vocabulary import FindingKind, SkyMethod
from skydb.errors import StateError
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.header_writes import HeaderService
from skydb.services.core.header_journal import HeaderJournal
from skydb.services.fsck import FsckService
from skydb.services.skies.skyrun import SkyRunService
from skydb.services.skies.write_headers import SkyHeaderService
from tests.services.tools import Toolbox, checksums

WHY = "there are no stars to find in a test"
Sums = dict[Path, str]


@pytest.fixture
def copies(tmp_path, visit) -> list[Path]:
    """The exposures of the visit in a second directory, too."""
    (tmp_path / "backup").mkdir()
    return [Path(shutil.copy(path, tmp_path / "backup")) for path in visit[:2]]


@pytest.fixture
def fit(services, visit, copies, catalog_file) -> int:
    services.ingest.ingest([*visit, *copies])
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    return AlignService(services.context, Toolbox()).run("gaia")


@pytest.fixture
def acts(services, fit) -> list[Callable[[], int]]:
    """Three ways to write headers; each returns the activity."""

    def skies(method: SkyMethod) -> int:
        (row,) = SkyRunService(services.context, Toolbox()).run([method])
        return SkyHeaderService(services.context).write(row["run"])[0].activity

    def accept() -> int:
        service = HeaderService(services.context, Toolbox())
        return service.accept(fit, force_why=WHY)[1][0].activity

    return [lambda: skies(SkyMethod.MATCH), lambda: skies(SkyMethod.LOCALMIN), accept]


def _seen(services) -> set[str]:
    return {row["subject"] for row in services.plain.findings() if row["kind"] == "skies-gone"}


@pytest.mark.parametrize("seed", range(3))
def test_headers_are_put_back_from_the_last_on_or_refused(
    services, visit, copies, acts, seed
) -> None:
    dice, files = random.Random(seed), [*visit, *copies]
    stack: list[tuple[int, Sums]] = []
    # Skies of the first WCS cannot follow the acceptance: their files have another one then.
    for act in [*dice.sample(acts[:2], 2), acts[2]]:
        before = checksums(files)
        stack.append((act(), before))
        assert checksums(files) != before
    journal = HeaderJournal(services.context)
    while stack:
        place = dice.randrange(len(stack))
        activity, before = stack[place]
        if place == len(stack) - 1:
            assert journal.restore(activity).remarks == []
            assert checksums(files) == before
            stack.pop()
            continue
        now = checksums(files)
        with pytest.raises(StateError, match=r"Activity \d+ has written to .* since") as refused:
            journal.restore(activity)
        assert checksums(files) == now
        (named,) = re.findall(r"restore-headers (\d+)`", refused.value.advice)
        assert int(named) in {later for later, _ in stack[place + 1 :]}


def test_both_places_of_one_version_are_written_and_put_back(services, visit, copies, acts) -> None:
    files = [*visit, *copies]
    before = checksums(files)
    activity = acts[0]()
    now = checksums(files)
    assert [now[path] for path in copies] == [now[path] for path in visit[:2]]
    assert all(now[path] != before[path] for path in copies)
    restored = HeaderJournal(services.context).restore(activity)
    assert {one.path for one in restored} == {str(path) for path in [*visit[:2], *copies]}
    assert checksums(files) == before
    assert [one.status.value for one in services.ingest.ingest(files)] == ["known"] * 5


def test_an_acceptance_says_which_files_lose_the_skies_of_a_run(
    services, visit, copies, fit, acts
) -> None:
    acts[0]()
    _, written = HeaderService(services.context, Toolbox()).accept(fit, force_why=WHY)
    bare = {str(path) for path in [*visit[:2], *copies]}
    assert _seen(services) == bare
    assert {remark.split(" had skies")[0] for remark in written.remarks} == bare


def test_an_acceptance_of_files_without_skies_of_a_run_says_nothing(services, acts) -> None:
    acts[2]()
    assert _seen(services) == set()


def test_a_file_that_has_another_delivery_is_no_row_and_is_named(
    services, visit, acts, tmp_path
) -> None:
    from tests.services.tools import MEMBERS, write_exposure

    activity = acts[2]()
    visit[0].unlink()
    anew = write_exposure(tmp_path / "anew", MEMBERS[0], DATE="2026-05-05", CAL_VER="9.9.1")
    shutil.copy(anew, visit[0])
    services.ingest.ingest([visit[0]])
    restored = HeaderJournal(services.context).restore(activity)
    assert str(visit[0]) not in {one.path for one in restored} and len(restored) == 4
    (remark,) = restored.remarks
    assert remark.startswith(str(visit[0])) and "left as it is" in remark
    kinds = {row["kind"] for row in services.plain.findings()}
    assert FindingKind.NOT_WRITTEN.value in kinds


def test_a_file_that_is_gone_for_good_does_not_keep_the_others_from_their_headers(
    services, visit, copies, acts
) -> None:
    files = [*visit, *copies]
    before = checksums(files)
    activity = acts[0]()
    copies[0].unlink()
    journal, left = HeaderJournal(services.context), [*visit, copies[1]]
    now = checksums(left)
    with pytest.raises(StateError, match="is gone since its headers") as refused:
        journal.restore(activity)
    assert "`skydb fsck --repair`" in refused.value.advice
    assert checksums(left) == now

    FsckService(services.context).repair()
    restored = journal.restore(activity)

    assert {one.path for one in restored} == {str(path) for path in [*visit[:2], copies[1]]}
    assert checksums(left) == {path: before[path] for path in left}
    (remark,) = restored.remarks
    assert remark.startswith(f"{copies[0]} is gone")
