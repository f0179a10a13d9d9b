"""Files of archive versions that a newer one has replaced, and that were deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import ProductVersion
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import StateError
from skydb.services.skies.skyrun import SkyRunService
from tests.services.fsck.test_runs import problems
from tests.services.tools import MEMBERS, Toolbox

OLD, NEW = (f"{MEMBERS[0]}_flt.fits@{number}" for number in (1, 2))


@pytest.fixture
def fetched(services: Services, visit: list[Path]) -> list[Path]:
    """Files as a fetch has put them below the data root, the first one delivered again."""
    home = services.context.workspace.root / "mast"
    files = []
    for path in (*visit, visit[0]):
        place = home / f"{len(files)}" / path.name
        place.parent.mkdir(parents=True)
        files.append(Path(shutil.copy(path, place)))
    services.ingest.ingest(files[:-1], is_managed=True)
    fits.setval(files[-1], "CAL_VER", value="3.9.9")
    return files


def test_a_delivery_that_was_replaced_and_deleted_is_let_go(
    services: Services, fetched: list[Path]
) -> None:
    (row,) = SkyRunService(services.context, Toolbox()).run([SkyMethod.MATCH])
    services.ingest.ingest(fetched[-1:], is_managed=True)
    fetched[0].unlink()
    (found,) = services.fsck.check()
    assert (found.subject, found.known) == (OLD, f"{fetched[0]} is gone")
    assert found.repair.startswith("this path is removed: a newer archive version is here")

    (done,) = services.fsck.repair()

    assert done.repaired is True
    assert problems(services, deep=True) == []
    with services.context.store.reading() as session:
        (old,) = session.scalars(
            select(ProductVersion).where(
                ProductVersion.filename == f"{MEMBERS[0]}_flt.fits", ProductVersion.number == 1
            )
        )
        assert old.known_path is None and len(old.sha256) == 64
    with pytest.raises(StateError, match=f"No file of {MEMBERS[0]}@1 is known any more"):
        services.replay().replay(row["run"])


@pytest.mark.parametrize("lost", [[0], [0, -1], [-1]], ids=["only", "both", "newest"])
def test_a_path_stays_unless_a_newer_delivery_is_there(
    services: Services, fetched: list[Path], lost: list[int]
) -> None:
    if lost != [0]:
        services.ingest.ingest(fetched[-1:], is_managed=True)
    for one in lost:
        fetched[one].unlink()
    found = services.fsck.check()
    assert {one.subject for one in found if one.kind.value == "missing-file"} == {
        OLD if one == 0 else NEW for one in lost
    }
    assert not any(one.mend for one in found if one.subject in (OLD, NEW))


def test_a_replaced_delivery_that_has_changed_or_is_the_users_stays(
    services: Services, fetched: list[Path], visit: list[Path]
) -> None:
    services.ingest.ingest(fetched[-1:], is_managed=True)
    services.ingest.ingest(visit[:1])
    visit[0].unlink()
    with fetched[0].open("ab") as handle:
        handle.write(b"more")
    found = services.fsck.check()
    assert [(one.kind.value, one.subject, one.mend) for one in found] == [
        ("changed-file", OLD, None),
        ("missing-file", OLD, None),
    ]
