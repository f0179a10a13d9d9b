"""Headers of files that are reached by several paths, through links: a file is one file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from skydb.domain.vocabulary import SkyMethod
from skydb.errors import StateError
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.header_writes import HeaderService
from skydb.services.core.header_journal import HeaderJournal
from skydb.services.fsck import FsckService
from skydb.services.skies.skyrun import SkyRunService
from skydb.services.skies.write_headers import SkyHeaderService
from tests.services.tools import MEMBERS, Toolbox, checksums, write_exposure


@pytest.fixture
def linked(services, visit, tmp_path) -> list[Path]:
    """Exposures and product of a visit through a link to their directory, recorded both ways."""
    (tmp_path / "link").symlink_to(visit[0].parent, target_is_directory=True)
    linked = [tmp_path / "link" / path.name for path in visit]
    services.ingest.ingest([*visit, *linked])
    return linked


def _problems(services) -> list[tuple[str, str]]:
    return [(one.kind.value, one.known) for one in FsckService(services.context).check()]


def test_a_file_behind_a_link_is_written_and_put_back_once(
    services, visit, linked, catalog_file
) -> None:
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    run = AlignService(services.context, Toolbox()).run("gaia")
    (sky,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    before, journal = checksums(visit), HeaderJournal(services.context)

    skies = SkyHeaderService(services.context).write(sky["run"])
    assert [one.path for one in skies] == [str(path) for path in visit[:2]]
    assert _problems(services) == []
    with_skies = checksums(visit)
    _, accepted = HeaderService(services.context, Toolbox()).accept(run)
    assert {one.path for one in accepted} == {str(path) for path in visit}
    assert (len(accepted), len(accepted.remarks), _problems(services)) == (3, 2, [])
    with pytest.raises(StateError, match=f"Activity {accepted[0].activity} has written to"):
        journal.restore(skies[0].activity)

    for written, then, count in ((accepted, with_skies, 3), (skies, before, 2)):
        assert len(journal.restore(written[0].activity)) == count
        assert (checksums(visit), _problems(services)) == (then, [])


def test_a_file_behind_a_link_that_is_gone_or_new_is_one_problem(
    services, visit, linked, tmp_path
) -> None:
    anew = write_exposure(tmp_path / "anew", MEMBERS[0], DATE="2026-05-05", CAL_VER="9.9.1")
    shutil.copy(anew, visit[0])
    assert [kind for kind, _ in _problems(services)] == ["changed-file"]
    services.ingest.ingest([linked[0]])
    assert _problems(services) == []
    visit[1].rename(visit[1].with_name("kept.fits"))
    assert [kind for kind, _ in _problems(services)] == ["missing-file"]
    services.ingest.ingest([visit[1].with_name("kept.fits")])
    FsckService(services.context).repair()
    assert _problems(services) == []


def test_a_hard_link_is_a_file_of_its_own(services, visit, tmp_path) -> None:
    """A file that is written takes the place of one name, and leaves the other as it was."""
    (tmp_path / "hard").mkdir()
    hard = [tmp_path / "hard" / path.name for path in visit[:2]]
    for path, twin in zip(visit, hard, strict=False):
        os.link(path, twin)
    services.ingest.ingest([*visit, *hard])
    before = checksums(hard)
    (sky,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    written = SkyHeaderService(services.context).write(sky["run"])
    assert {one.path for one in written} == {str(path) for path in [*visit[:2], *hard]}
    assert all(checksums(hard)[path] != before[path] for path in hard)
    assert len(HeaderJournal(services.context).restore(written[0].activity)) == 4
    assert (checksums(hard), _problems(services)) == (before, [])
