"""A small ledger of two visits, as the examples of the Python interface find it.

Runs: 1 ingest, 2 and 3 catalogues (``gaia``, ``old``), 4 and 5 alignments, 6 a sky run by
AstroDrizzle with a mosaic, 7 the overlaps, 8 a sky run by ``match`` without a mosaic.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import skydb
from skydb.simulate.archive import LoopbackArchive


@dataclass(frozen=True)
class Story:
    """A directory with a field, its ledger and its data root."""

    directory: Path

    def copy(self, target: Path) -> str:
        """Copy everything; give the URL of the copied ledger."""
        shutil.copytree(self.directory, target, dirs_exist_ok=True)
        return f"sqlite:///{target / 'skydb.sqlite'}"


def tell(directory: Path) -> Story:
    """Simulate, ingest, align and run two sky methods."""
    field = directory / "field"
    skydb.simulate(field, tiles="1x2", dithers=2, size=128)
    with skydb.init(f"sqlite:///{directory / 'skydb.sqlite'}") as db:
        assert not db.ingest(field).is_flagged
        db.refcat.import_(field / "gaia.ecsv", epoch=2016.0, name="gaia")
        db.refcat.import_(field / "refcat.ecsv", name="old")
        assert [db.align.run(refcat="gaia").run for _ in "45"] == [4, 5]
        drizzled = db.sky.run("localmin", selftest=False)
        own = db.sky.run("match", engine="skydb", mosaic=False, selftest=False)
        assert [run.run for run in [*drizzled, *own]] == [6, 8]
    return Story(directory)


def told_once(base: Path) -> Story:
    """Tell the story once for all workers of a test run: the others wait.

    Parameters
    ----------
    base : Path
        Directory of temporary files of this worker.
    """
    home = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    built = home / "story" / "skydb.built"
    with (home / "story.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            shutil.rmtree(built.parent, ignore_errors=True)
            built.parent.mkdir()
            tell(built.parent)
            built.touch()
    return Story(built.parent)


def archive_of(story: Story) -> LoopbackArchive:
    """Serve the field of a story as MAST, Gaia and GSSS."""
    return LoopbackArchive(story.directory / "field")
