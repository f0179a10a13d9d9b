"""Files that are missing, changed, half made or nobody's are found; the user's are never lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentSolution, HeaderWrite, Mosaic, SkyRun
from skydb.domain.vocabulary import ActivityStatus, Engine, SkyMethod
from skydb.errors import StateError
from skydb.files.drafts import WHOLE, draft_of
from skydb.files.processes import this_process
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from skydb.services.alignment.header_writes import HeaderService
from skydb.services.fsck.runs import passes_before
from skydb.services.skies.skyrun import SkyRunService
from skydb.services.skies.write_headers import SkyHeaderService
from tests.services.fsck.killed import (
    acceptance,
    accepted_write,
    draft,
    header_write,
    killed,
    purge,
    restoration,
)
from tests.services.fsck.test_runs import problems
from tests.services.tools import MEMBERS, Toolbox, checksums, files_below

pytestmark = pytest.mark.alternating


def proposed(services: Services, visit: list[Path], catalog_file: Path) -> int:
    """An alignment run that waits for review."""
    services.ingest.ingest(visit)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    return AlignService(services.context, Toolbox()).run("gaia")


@pytest.fixture
def run(services_anywhere: Services, visit: list[Path], catalog_file: Path) -> int:
    """An alignment run that waits for review, on both databases."""
    return proposed(services_anywhere, visit, catalog_file)


@pytest.fixture
def accepted(services: Services, visit: list[Path], catalog_file: Path) -> int:
    """A run that was accepted, on SQLite."""
    run = proposed(services, visit, catalog_file)
    AcceptService(services.context, Toolbox()).accept(run)
    return run


def kinds(services: Services, **asked: object) -> set[str]:
    return {kind for kind, _ in problems(services, **asked)}


def test_of_a_ledger_in_order_nothing_is_said(
    services_anywhere: Services, run: int, visit: list[Path]
) -> None:
    services = services_anywhere
    AcceptService(services.context, Toolbox()).accept(run)
    headers = HeaderService(services.context)
    headers.accept(run)
    (row,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    SkyHeaderService(services.context).write(row["run"])
    assert services.fsck.check(deep=True) == []
    services.ingest.ingest(visit)
    assert services.fsck.check(deep=True) == []
    with services.context.store.reading() as session:
        writes = list(session.scalars(select(HeaderWrite.id).order_by(HeaderWrite.id.desc())))
    for write in writes:
        headers.restore(write)
        assert services.fsck.check(deep=True) == []


def test_files_of_an_acceptance_that_was_killed_are_deleted_and_it_is_done_again(
    services_anywhere: Services, run: int, visit: list[Path]
) -> None:
    services, before = services_anywhere, checksums(visit)
    root = services.context.workspace.root
    killed(services, acceptance(run))
    assert len(files_below(root / "versions")) == 3
    assert kinds(services) == {"scratch", "dead-run", "orphaned-file"}
    assert all(one.repaired for one in services.fsck.repair())
    assert problems(services, deep=True) == []
    assert files_below(root / "versions") == files_below(root / "scratch") == []
    AcceptService(services.context, Toolbox()).accept(run)
    assert problems(services, deep=True) == []
    assert checksums(visit) == before


@pytest.mark.parametrize("count", [0, 2])
def test_headers_that_were_written_in_part_are_undone(
    services: Services, accepted: int, visit: list[Path], count: int
) -> None:
    before = checksums(visit)
    killed(services, header_write(accepted, count))
    assert sum(checksums(visit)[path] != before[path] for path in visit) == count
    assert kinds(services, deep=True) == {"half-written-headers"}
    (done,) = services.fsck.repair(deep=True)
    assert done.repair == f"it is undone: {count} of 3 files had been written"
    assert checksums(visit) == before
    assert problems(services, deep=True) == []
    assert len(HeaderService(services.context).accept(accepted)[1]) == 3
    assert problems(services, deep=True) == []


def test_headers_that_were_all_written_are_completed(
    services: Services, accepted: int, visit: list[Path]
) -> None:
    before = checksums(visit)
    killed(services, header_write(accepted, 3))
    (done,) = services.fsck.repair()
    assert done.repair == "it is completed: all 3 files have their new headers"
    assert problems(services, deep=True) == []
    with services.context.store.reading() as session:
        (write,) = session.scalars(select(HeaderWrite))
        assert write.status is ActivityStatus.SUCCEEDED
    HeaderService(services.context).restore(write.id)
    assert checksums(visit) == before


@pytest.mark.parametrize("count", [2, 3])
def test_headers_of_an_acceptance_that_was_killed_are_undone_or_completed(
    services_anywhere: Services, run: int, visit: list[Path], count: int
) -> None:
    before = checksums(visit)
    killed(services_anywhere, accepted_write(run, count))
    services_anywhere.fsck.repair()
    assert problems(services_anywhere, deep=True) == []
    written = sum(checksums(visit)[path] != before[path] for path in visit)
    assert written == (3 if count == 3 else 0)


def test_a_restoration_that_was_killed_is_completed(
    services: Services, accepted: int, visit: list[Path]
) -> None:
    before = checksums(visit)
    (write,) = {o.activity for o in HeaderService(services.context).accept(accepted)[1]}
    killed(services, restoration(write))
    assert kinds(services) == {"half-written-headers"}
    assert all(one.repaired for one in services.fsck.repair())
    assert checksums(visit) == before
    assert problems(services, deep=True) == []


def test_a_file_that_was_changed_in_the_meantime_is_left_as_it_is(
    services: Services, accepted: int, visit: list[Path]
) -> None:
    killed(services, header_write(accepted, 1))
    with services.context.store.reading() as session:
        write = session.scalars(select(HeaderWrite.id)).one()
    with pytest.raises(StateError, match="writing to files of yours"):
        services.books.abandon(write, "its process is gone")
    with visit[0].open("ab") as handle:
        handle.write(b"mine")
    before = checksums(visit)
    (failed,) = services.fsck.repair()
    assert failed.repaired is False
    assert "was changed since" in failed.repair
    assert checksums(visit) == before


def test_a_draft_beside_the_users_file_goes_and_his_own_drafts_stay(
    services: Services, accepted: int, visit: list[Path]
) -> None:
    before = checksums(visit)
    own = [visit[0].parent / name for name in (".x.part", ".a.4711.part", "b.part")]
    for path in own:
        path.write_text("mine")
    killed(services, draft(accepted))
    assert kinds(services) == {"draft", "half-written-headers"}
    assert all(one.repaired for one in services.fsck.repair())
    assert problems(services, deep=True) == []
    there = {path.name for path in visit[0].parent.iterdir()}
    assert there == {path.name for path in [*visit, *own]}
    assert checksums(visit) == before


def test_of_directories_that_dead_processes_were_making_only_what_is_whole_stays(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    home, (place, pid, _) = visit[0].parent, str(this_process().mark).split("-")
    for name, end in (("half", ""), ("field", WHOLE)):
        living = draft_of(home / name).name
        left = home / f"{living.replace(f'{place}-{pid}-', f'{place}-999999999-')}{end}"
        (left / "masks").mkdir(parents=True)
        (left / "masks" / f"{name}.fits").write_bytes(visit[0].read_bytes())
    assert len(services.ingest.ingest([home])) == len(visit)
    assert kinds(services) == {"draft"}
    assert all(one.repaired for one in services.fsck.repair())
    assert problems(services) == []
    files = [path for path in home.rglob("*") if path.is_file()]
    assert sorted(files) == sorted([*visit, home / "masks" / "field.fits"])


def test_a_mosaic_that_was_moved_away_is_told_of_until_it_is_purged(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    (row,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    Path(row["mosaic"]).unlink()
    assert problems(services) == [("missing-file", f"mosaic of run {row['run']}")]
    (found,) = services.fsck.repair()
    assert found.repaired is None
    services.retention.purge([row["run"]], "it was moved away")
    assert problems(services) == []


def test_a_mosaic_that_a_killed_purge_had_set_aside_is_put_back(
    services_anywhere: Services, visit: list[Path]
) -> None:
    services = services_anywhere
    services.ingest.ingest(visit)
    (row,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    before = Path(row["mosaic"]).read_bytes()
    killed(services, purge(row["run"]))
    assert not Path(row["mosaic"]).exists()
    services.fsck.repair()
    assert Path(row["mosaic"]).read_bytes() == before
    assert problems(services, deep=True) == []
    services.retention.purge([row["run"]], "no room")
    assert problems(services, deep=True) == []


def test_logs_of_one_run_are_not_those_of_another_that_its_process_made(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    methods = [SkyMethod.LOCALMIN, SkyMethod.MATCH]
    first, second = (row["run"] for row in SkyRunService(services.context, Toolbox()).run(methods))
    with services.context.store.writing() as session:
        run = session.get_one(SkyRun, second)
        assert passes_before(session, run) == []
        run.engine = Engine.SKYDB
        session.get_one(SkyRun, first).engine = Engine.SKYDB
        session.commit()
        assert passes_before(session, run) == [first]


def test_a_mosaic_with_other_pixels_is_found_by_its_checksum(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    (row,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    with fits.open(row["mosaic"], "update") as hdus:
        hdus[0].data[0, 0] = 7.0
    assert problems(services) == []
    assert problems(services, deep=True) == [("changed-file", f"mosaic of run {row['run']}")]


def test_the_users_files_that_are_gone_or_changed_are_told_of_and_left_alone(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    visit[0].unlink()
    with visit[1].open("ab") as handle:
        handle.write(b"more")
    assert problems(services) == [
        ("missing-file", f"{MEMBERS[0]}_flt.fits@1"),
        ("changed-file", f"{MEMBERS[1]}_flt.fits@1"),
    ]
    before = checksums(visit[1:])
    assert [one.repaired for one in services.fsck.repair()] == [None, None]
    assert checksums(visit[1:]) == before


def test_the_users_file_that_was_edited_and_is_as_large_as_before_is_found_without_asking(
    services_anywhere: Services, visit: list[Path]
) -> None:
    services = services_anywhere
    services.ingest.ingest(visit)
    assert problems(services) == []
    with fits.open(visit[1], "update") as hdus:
        hdus["SCI", 1].header["CRVAL1"] += 1e-4
    assert problems(services) == [("changed-file", f"{MEMBERS[1]}_flt.fits@1")]


def test_a_place_is_forgotten_when_the_content_is_at_another_one(
    services: Services, visit: list[Path], tmp_path: Path
) -> None:
    services.ingest.ingest(visit)
    moved = [Path(shutil.move(path, tmp_path)) for path in visit]
    assert [one.mend for one in services.fsck.check()] == [None] * 3
    services.ingest.ingest(moved)
    assert all(one.repaired for one in services.fsck.repair())
    assert problems(services, deep=True) == []


def test_a_file_that_nobody_of_this_ledger_has_made_is_told_of_and_stays(
    services: Services, sqlite_template: Path, tmp_path: Path, visit: list[Path], catalog_file: Path
) -> None:
    """Another ledger with the same data root, as after `db copy`, or a backup put back."""
    url, root = f"sqlite:///{tmp_path / 'other.sqlite'}", services.context.workspace.root
    shutil.copyfile(sqlite_template, tmp_path / "other.sqlite")
    other = Services.open(url, root)
    other.ingest.ingest(visit)
    other.refcat.import_file(catalog_file, 2016.0, "gaia")
    AcceptService(other.context, Toolbox()).accept(
        AlignService(other.context, Toolbox()).run("gaia")
    )
    before = files_below(root)
    found = services.fsck.repair()
    assert {(one.kind.value, one.repaired) for one in found} == {("orphaned-file", None)}
    assert all("no other ledger has this data root" in one.repair for one in found)
    can_be_ingested = {"ingest" in one.repair for one in found if not one.subject.endswith("fits")}
    assert can_be_ingested <= {False}
    assert files_below(root) == before
    assert other.fsck.check(deep=True) == []
    other.close()


def test_parts_of_downloads_wait_for_a_week(services: Services) -> None:
    part = services.context.workspace.root / "partial" / "0123.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half a file")
    assert problems(services) == []
    os.utime(part, (1.6e9, 1.6e9))
    assert problems(services) == [("old-download", str(part))]
    services.fsck.repair()
    assert not part.exists()


def test_another_wcs_in_a_file_that_skydb_has_written_is_seen(
    services: Services, accepted: int, visit: list[Path]
) -> None:
    HeaderService(services.context).accept(accepted)
    with fits.open(visit[0], "update") as hdus:
        hdus["SCI"].header["CRVAL1"] += 1e-7
    assert ("other-wcs", str(visit[0])) in problems(services)
    assert kinds(services) == kinds(services, deep=True) == {"other-wcs", "changed-file"}


def test_another_wcs_in_the_ledger_than_in_the_file_is_seen_when_all_is_read(
    services: Services, visit: list[Path]
) -> None:
    services.ingest.ingest(visit)
    with services.context.store.writing() as session:
        solution = session.scalars(select(AlignmentSolution)).first()
        assert solution is not None
        solution.chips[0].crval1_deg += 1e-7
        session.commit()
    assert problems(services) == []
    assert kinds(services, deep=True) == {"other-wcs"}


def test_masks_and_catalogues_are_looked_after_too(
    services: Services, visit: list[Path], catalog_file: Path
) -> None:
    services.ingest.ingest(visit)
    services.refcat.import_file(catalog_file, 2016.0, "gaia")
    SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    with services.context.store.reading() as session:
        (mosaic,) = session.scalars(select(Mosaic))
        gone = [mosaic.weight_path, mosaic.run.masks_path]
    for place in filter(None, gone):
        services.context.workspace.resolve(place).unlink()
    shutil.rmtree(services.context.workspace.root / "catalogs")
    subjects = {subject for _, subject in problems(services)}
    assert {"catalogue gaia", f"weight image of run {mosaic.run_id}"} <= subjects
    assert len(subjects) == 2 + (gone[1] is not None)
