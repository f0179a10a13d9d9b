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
        for wish in REFUSED:
            refused = np.array(is_refused(path, wish, square))
            arrays[f"{path.parent.name}/{wish}/is refused"] = refused
        arrays |= {f"{path.parent.name}/{name}": one for name, one in refused_pass(path).items()}
    np.savez(out, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
