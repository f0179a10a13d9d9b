"""Drizzle chips by drizzlepac's kernel and by the faster one, in a process without warnings.

Called as ``python -m tests.drizzle.square_chips OUT.npz EXPOSURE...``; see
``test_onepass_square``.
"""

from __future__ import annotations

import io
import logging
import math
import os
import sys
from pathlib import Path
from unittest import mock

import numpy as np
from astropy.io import fits

from skydb.drizzle.presets import completed
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.tasks import onepass, onepass_square
from skydb.drizzle.tasks.lean import DRIZZLE, import_drizzlepac
from skydb.drizzle.tasks.onepass_chips import drizzle_exposure, pixels
from skydb.drizzle.tasks.onepass_corners import Corners, Interpolate
from skydb.drizzle.tasks.onepass_field import read_field
from skydb.drizzle.tasks.onepass_kernel import KernelCall
from skydb.drizzle.tasks.onepass_square import ChipRefusedError, SquareKernel
from skydb.drizzle.tasks.onepass_sums import Drizzled

WISHES = {
    "as they are": {},
    "smaller drops": {"final_pixfrac": 0.7, "context": True},
    "turned, other pixels": {"final_rot_deg": 33.0, "final_scale_arcsec": 0.11},
    "a scale of weights": {"extra": {"final_wt_scl": "expsq"}},
}
#: Wishes that are for drizzlepac's kernel.
REFUSED = {
    "another kernel": {"extra": {"final_kernel": "turbo"}},
    "a fine grid": {"final_pixfrac": 0.5, "final_scale_arcsec": 0.009},
}


def settings_of(wish: str, path: Path) -> dict[str, object]:
    """AstroDrizzle's parameters for one exposure."""
    settings = AstroDrizzleSettings(**{**WISHES, **REFUSED}[wish])
    return completed(settings, [path]).tool_parameters()


def drizzled(path: Path, wish: str, square: SquareKernel | None) -> list[Drizzled]:
    """Drizzle the chips of one exposure."""
    os.chdir(path.parent)
    field = read_field([path.name], settings_of(wish, path), "field")
    found: list[Drizzled] = []
    kernel = KernelCall(lambda _, chip, __: found.append(chip), field.has_context, square)
    image = field.images[0]
    with pixels(image, {image.scienceExt, image.maskExt}):
        drizzle_exposure(field, 0, kernel)
    return found


def is_refused(path: Path, wish: str, square: SquareKernel) -> bool:
    """Whether the faster kernel takes none of an exposure."""
    try:
        drizzled(path, wish, square)
    except ChipRefusedError:
        return True
    return False


def corners_of(path: Path, wish: str, square: SquareKernel) -> list[Corners]:
    """Corners of the pixels of every chip, as the faster kernel takes them."""
    seen: list[Corners] = []

    class Seen(Corners):
        def __init__(self, *given: object, **named: object) -> None:
            super().__init__(*given, **named)
            seen.append(self)

    with mock.patch.object(onepass_square, "Corners", Seen):
        drizzled(path, wish, square)
    return seen


def off(interpolate: Interpolate) -> Interpolate:
    """Interpolate otherwise than drizzlepac, by the last bit of one corner."""

    def changed(table: np.ndarray, x: np.ndarray, y: np.ndarray, places: np.ndarray) -> None:
        interpolate(table, x, y, places)
        places[1, -1, -1] = np.nextafter(places[1, -1, -1], np.inf)

    return changed


def corner_arrays(path: Path, wish: str, square: SquareKernel) -> dict[str, np.ndarray]:
    """Corners of every chip by drizzlepac and in the faster way, and where they bend."""
    arrays = {}
    rows = slice(3, 61)
    for chip, corners in enumerate(corners_of(path, wish, square)):
        ours = {"ours": corners.of(rows), "bends": corners.bends(rows)}
        assert corners._grid is not None
        corners._grid = None
        arrays |= {
            f"{path.parent.name}/{wish}/{chip}/corners/{name}": one
            for name, one in {**ours, "theirs": corners.of(rows)}.items()
        }
    other = SquareKernel(square.add_rows, off(square.interpolate))
    grids = [corners._grid for corners in corners_of(path, wish, other)]
    arrays[f"{path.parent.name}/{wish}/trusted"] = np.array([grid is not None for grid in grids])
    return arrays


def passed(path: Path, fewest_pixels: float) -> Path:
    """Make a mosaic of one exposure on the fine grid by a whole pass; its science image."""
    os.chdir(path.parent)
    skies = [[path.name, extver, 0.5] for extver in (1, 2)]
    request = {
        "directory": ".",
        "exposures": [path.name],
        "parameters": settings_of("a fine grid", path),
        "outputs": {"match": f"mosaic{fewest_pixels}"},
        "skies": {"match": skies},
        "jobs": 1,
        "fewest_pixels": fewest_pixels,
    }
    made = onepass.run(request, path.parent)["mosaics"]["match"]
    return path.parent / made["science"]


def refused_pass(path: Path) -> dict[str, np.ndarray]:
    """Mosaic of a pass that finds out too late that a chip is not for the faster kernel."""
    theirs = passed(path, math.inf)
    log = io.StringIO()
    logging.getLogger("skydb").addHandler(logging.StreamHandler(log))
    with (
        mock.patch.object(onepass_square, "suits", lambda *_: True),
        mock.patch.object(onepass, "_is_for_square", lambda _: True),
    ):
        ours = passed(path, 0)
    return {
        "theirs/science": fits.getdata(theirs),
        "refused/science": fits.getdata(ours),
        "refused/history": np.array(str(fits.getheader(ours)["HISTORY"])),
        "refused/log": np.array(log.getvalue()),
    }


def main(out: Path, paths: list[Path]) -> None:
    """Save mean, weight and context of every chip by both kernels."""
    import_drizzlepac(DRIZZLE)
    square = SquareKernel.compiled()
    assert square is not None
    arrays = {}
    for path in paths:
        for wish in WISHES:
            for who, kernel in (("theirs", None), ("ours", square)):
                for chip, found in enumerate(drizzled(path, wish, kernel)):
                    name = f"{path.parent.name}/{wish}/{chip}/{who}"
                    arrays[f"{name}/science"] = found.science
                    arrays[f"{name}/weight"] = found.weight
                    if found.context is not None:
                        arrays[f"{name}/context"] = found.context
            arrays |= corner_arrays(path, wish, square)
        for wish in REFUSED:
            refused = np.array(is_refused(path, wish, square))
            arrays[f"{path.parent.name}/{wish}/is refused"] = refused
        arrays |= {f"{path.parent.name}/{name}": one for name, one in refused_pass(path).items()}
    np.savez(out, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
