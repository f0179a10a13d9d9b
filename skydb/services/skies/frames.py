"""Comparison of the positions of common sources of neighbours: the measured part of a guard.

Headers name the frame of a WCS; only the pixels show whether two exposures are on one
frame. Files are read for this, so it is done when it is asked for, and before a mosaic of
exposures in different frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from skydb.domain.guards import Flag
from skydb.domain.vocabulary import FindingKind
from skydb.files.pixels import ChipFile, open_chips
from skydb.services.core import Context
from skydb.services.skies.recipe import RunInputs, inputs_of
from skydb.sky.footprint import chip_polygon
from skydb.sky.frame_offsets import (
    LARGEST_OFFSET_PIX,
    Detections,
    FrameOffset,
    detect,
    offset_between,
)
from skydb.sky.neighbours import compare_neighbours
from skydb.sky.overlaps import Overlap, overlaps_of
from skydb.threads import Threads

#: Program and visit are the first characters of a rootname.
_VISIT = 6

Chips = Mapping[str, Mapping[int, ChipFile]]


@dataclass(frozen=True)
class MeasureFrames:
    """Measures offsets between neighbours from the sources that both have.

    Parameters
    ----------
    context : Context
    jobs : int
        Exposures whose pixels are held at a time.
    """

    context: Context
    jobs: int = 2

    def offsets(self, inputs: RunInputs) -> list[FrameOffset]:
        """Offsets of pairs of neighbours; a pair with too few common sources is left out.

        Parameters
        ----------
        inputs : RunInputs
            Of a run.

        Raises
        ------
        NotFoundError, FileRejectedError
            When a file is gone, is not what is on record, or cannot be read.
        """
        chips = {name: open_chips(path) for name, path in self._paths(inputs).items()}
        overlaps = _overlaps(chips)
        seen = self._detect(chips, sorted({n for one in overlaps for n in (one.first, one.second)}))
        return compare_neighbours(
            overlaps, {name: name[:_VISIT] for name in chips}, partial(_compare, seen)
        )

    def _paths(self, inputs: RunInputs) -> Mapping[str, Path]:
        if inputs.paths:
            return inputs.paths
        return inputs_of(self.context, inputs.version_ids.values(), read_files=True).paths

    def _detect(self, chips: Chips, names: Sequence[str]) -> dict[str, Detections]:
        """Sources of each exposure, which is read once whatever its overlaps."""
        progress = self.context.progress
        progress.begin("Comparing sources of neighbours", len(names))
        found = {}
        try:
            with Threads(self.jobs) as pool:
                for name, seen in zip(
                    names, pool.map(detections_of, [chips[name] for name in names]), strict=True
                ):
                    found[name] = seen
                    progress.advance()
        finally:
            progress.end()
        return found


def detections_of(chips: Mapping[int, ChipFile]) -> Detections:
    """Sources of all chips of one exposure."""
    found = []
    for extver, file in sorted(chips.items()):
        chip = file.load()
        exptime_s = 1.0 if chip.is_rate else chip.exptime_s or 1.0
        found.append(
            detect(chip.science, chip.quality, chip.wcs, extver=extver, exptime_s=exptime_s)
        )
    return Detections.joined(found)


def frame_flags(offsets: Sequence[FrameOffset]) -> list[Flag]:
    """Flag neighbours that are too far apart."""
    return [
        Flag(FindingKind.MIXED_FRAMES, f"{one.first}-{one.second}", _message(one))
        for one in offsets
        if one.disagrees
    ]


def summary_of(offsets: Sequence[FrameOffset]) -> str:
    """Summarize the measurements in one sentence."""
    if not offsets:
        return "Frames: no two exposures have enough common sources to compare them."
    worst = max(offsets, key=lambda one: one.size_pix)
    far = sum(one.disagrees for one in offsets)
    return (
        f"Frames: {len(offsets)} pairs of neighbours compared, {far} more than "
        f"{LARGEST_OFFSET_PIX} pixel apart; the largest offset is {worst.size_pix:.2f} pixel "
        f"({worst.first}-{worst.second})."
    )


def _message(offset: FrameOffset) -> str:
    return (
        f"their sources are {offset.size_pix:.2f} pixel apart: {offset.second} lies "
        f"dx {offset.dx_pix:+.2f}, dy {offset.dy_pix:+.2f} pixel ({offset.east_mas:+.0f} mas "
        f"east, {offset.north_mas:+.0f} mas north) from {offset.first} "
        f"({offset.matches} matches, sigma {offset.sigma_pix:.2g} pixel)."
    )


def _overlaps(chips: Chips) -> list[Overlap]:
    return overlaps_of(
        {
            name: [chip_polygon(file.meaning.wcs) for file in files.values()]
            for name, files in chips.items()
        }
    )


def _compare(seen: Mapping[str, Detections], first: str, second: str) -> FrameOffset | None:
    return offset_between(seen[first], seen[second], (first, second))
