"""Stars of the exposures of a group, found among cosmic rays and put on the sky."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.domain.outline import outline_pix
from skydb.domain.values import unit_vectors
from skydb.drizzle.starlists import StarFinder
from skydb.files.pixels import ChipMeaning, open_chips
from skydb.sky.members import MemberStars

Floats = NDArray[np.float64]

#: Tolerance of an outline: it selects stars, to some pixels.
_POINTS_PER_SIDE = 3


def member_stars(path: Path, name: str, visit: str, band: str, finder: StarFinder) -> MemberStars:
    """Find the stars of all chips of one exposure.

    Parameters
    ----------
    path : Path
        An FLT or FLC.
    name, visit, band : str
        Its rootname, visit, and what must be the same for two exposures to see a star equally
        bright.
    finder : StarFinder
        Of the run.

    Raises
    ------
    FileRejectedError
        When the file cannot be read, or has no image.
    """
    lists = finder.lists(path)
    chips = {extver: chip.meaning for extver, chip in sorted(open_chips(path).items())}
    found = [(extver, chips[extver], stars) for extver, stars in lists.items()]
    radec = [
        np.asarray(chip.wcs.all_pix2world(stars.xy_pix, 1)).reshape(-1, 2)
        if len(stars)
        else np.empty((0, 2))
        for _, chip, stars in found
    ]
    return MemberStars(
        name=name,
        visit=visit,
        band=band,
        radec_deg=np.vstack(radec),
        xy_pix=np.vstack([stars.xy_pix for *_, stars in found]),
        extver=np.repeat([extver for extver, *_ in found], [len(stars) for *_, stars in found]),
        flux=np.concatenate([stars.flux / _seconds(chip) for _, chip, stars in found]),
        outlines=np.stack([_outline(chip) for chip in chips.values()]),
        pixel_mas=1000.0 * max(chip.pixel_scale_arcsec for chip in chips.values()),
    )


def _seconds(chip: ChipMeaning) -> float:
    """Divisor that makes a flux per second."""
    return 1.0 if chip.is_rate or not chip.exptime_s else float(chip.exptime_s)


def _outline(chip: ChipMeaning) -> Floats:
    nx, ny = chip.wcs.pixel_shape
    corners = outline_pix((int(nx), int(ny)), _POINTS_PER_SIDE)
    return unit_vectors(np.asarray(chip.wcs.all_pix2world(corners, 1)))
