"""Levels of exposures in cells of the sky, which distinguish gradients from offsets."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from skydb.files.pixels import open_chips
from skydb.services.core import Context, checked_path
from skydb.services.skies.measure_overlaps import Outlines
from skydb.services.skies.pixelwork import ExposureWork, look_at_all
from skydb.sky.cells import CellLevel, cells_of
from skydb.sky.levels import SkyStatistic
from skydb.store import overlap_queries


@dataclass(frozen=True)
class MeasureCells:
    """Measures levels in cells within overlaps; they are not kept.

    Parameters
    ----------
    context : Context
        Collaborators.
    statistic : SkyStatistic
        How a level is taken.
    jobs : int
        Exposures that are looked at beside each other; as many as there are cores when 0.
    """

    context: Context
    statistic: SkyStatistic = field(default_factory=SkyStatistic)
    jobs: int = 0

    def levels(
        self,
        version_ids: Collection[int],
        outlines: Outlines,
        groups: Sequence[Sequence[str]],
    ) -> list[CellLevel]:
        """Levels in all cells that chips of several exposures cover.

        Parameters
        ----------
        version_ids : collection of int
            One version of each exposure.
        outlines : mapping of ChipKey to ndarray
            Footprints of their chips.
        groups : sequence of sequence of str
            Rootnames of exposures that share sky.

        Raises
        ------
        NotFoundError
            When a file is gone.
        FileRejectedError
            When a file is not what is on record, or cannot be read.
        """
        cells = cells_of(outlines, groups)
        asked = {
            (key, (f"cell {cell.place}", 0)): cell for key, own in cells.items() for cell in own
        }
        with self.context.store.reading() as session:
            versions = overlap_queries.versions(session, version_ids)
            paths = {one.subject: checked_path(self.context.workspace, one) for one in versions}
        names = sorted({own[0] for own, _ in asked})
        works = [
            ExposureWork(
                name,
                open_chips(paths[name]),
                frozenset(),
                {side: cell.outline_deg for side, cell in asked.items() if side[0][0] == name},
            )
            for name in names
        ]
        self.context.progress.begin("Cells of the sky", len(works))
        jobs = self.jobs if self.jobs > 0 else os.cpu_count() or 1
        seen = look_at_all(works, self.statistic, jobs, self.context.progress.advance)
        self.context.progress.end()
        return [
            CellLevel(side[0], asked[side], level)
            for one in seen
            for side, level in one.within.items()
            if level is not None
        ]
