"""Mosaics as pictures that are made when they are asked for, on one stretch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from skydb.errors import NotFoundError

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.services.lookup import MosaicEvidence

#: Longest side of a picture in pixels.
_SIDE_PIX = 800


class MosaicPictures:
    """Pictures of mosaics; each is kept in a directory once it was made.

    Parameters
    ----------
    services : Services
        The snapshot.
    directory : Path
        Where they are kept; made with the first one.
    """

    def __init__(self, services: Services, directory: Path) -> None:
        self._services = services
        self._directory = directory
        # One at a time: reading mosaics is what memory is needed for.
        self._drawing = Lock()

    def png(self, run: int, beside: Sequence[int] = ()) -> bytes:
        """Draw the science image of a run, north as in the file.

        Parameters
        ----------
        run : int
            A sky run with a mosaic.
        beside : sequence of int
            Runs that share the stretch and the scale with it.

        Raises
        ------
        NotFoundError
            When there is no mosaic, or its file is gone.
        UnreadableFileError
            When the file is no image.
        """
        runs = sorted({run, *beside})
        kept = self._directory / f"{run}-of-{'-'.join(map(str, runs))}.png"
        with self._drawing:
            if not kept.exists():
                self._draw(runs)
            if not kept.exists():
                raise NotFoundError(f"Run {run} has no mosaic.")
            return kept.read_bytes()

    def _draw(self, runs: Sequence[int]) -> None:
        found = self._services.evidence.mosaics(runs)
        there = [one for one in found if one.science.is_file()]
        self._directory.mkdir(exist_ok=True)
        names = "-".join(map(str, runs))
        for run, picture in _pictures(there).items():
            (self._directory / f"{run}-of-{names}.png").write_bytes(picture)


def _pictures(mosaics: Sequence[MosaicEvidence]) -> dict[int, bytes]:
    """PNG of each mosaic, on the scale and stretch of all; medians are subtracted."""
    import numpy as np
    from PIL import Image, ImageColor

    from skydb.report.images import common_block, common_scale, load_science
    from skydb.report.style import NO_DATA, SCIENCE_RAMP, colormap

    if not mosaics:
        return {}
    block = common_block([one.science for one in mosaics], max_side_pix=_SIDE_PIX)
    images = {
        one.run: load_science(
            one.science, one.weight if one.weight.is_file() else None, block=block
        ).without_pedestal()
        for one in mosaics
    }
    norm, ramp = common_scale(list(images.values())).normalisation(), colormap(SCIENCE_RAMP)
    empty = np.array(ImageColor.getrgb(NO_DATA), dtype=np.uint8)
    made = {}
    for run, image in images.items():
        has_data = np.isfinite(image.data)
        values = np.where(has_data, image.data, 0.0)
        colours = ramp(np.clip(np.asarray(norm(values), dtype=float), 0.0, 1.0), bytes=True)
        shown = np.where(has_data[..., None], colours[..., :3], empty)
        # FITS counts rows from below.
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(shown[::-1])).save(buffer, "PNG")
        made[run] = buffer.getvalue()
    return made
