"""Drizzle chips by drizzlepac's kernel and by the faster one, in a process without warnings.

Called as ``python -m tests.drizzle.square_chips OUT.npz EXPOSURE...``; see
``test_onepass_square``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from skydb.drizzle.presets import completed
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.tasks.lean import DRIZZLE, import_drizzlepac
from skydb.drizzle.tasks.onepass_chips import drizzle_exposure, pixels
from skydb.drizzle.tasks.onepass_field import read_field
from skydb.drizzle.tasks.onepass_kernel import KernelCall
from skydb.drizzle.tasks.onepass_square import SquareKernel
from skydb.drizzle.tasks.onepass_sums import Drizzled

WISHES = {
    "as they are": {},
    "smaller drops": {"final_pixfrac": 0.7, "context": True},
    "turned, other pixels": {"final_rot_deg": 33.0, "final_scale_arcsec": 0.11},
    "a scale of weights": {"extra": {"final_wt_scl": "expsq"}},
    "another kernel": {"extra": {"final_kernel": "turbo"}},
    "a fine grid": {"final_pixfrac": 0.5, "final_scale_arcsec": 0.013},
}


class CountingKernel(SquareKernel):
    """Counts the chips that it drizzles."""

    chips: int = 0

    def drizzle(self, *arguments, **options):
        done = super().drizzle(*arguments, **options)
        type(self).chips += done
        return done


def drizzled(path: Path, wish: str, square: SquareKernel | None) -> list[Drizzled]:
    """Drizzle the chips of one exposure."""
    os.chdir(path.parent)
    settings = AstroDrizzleSettings(**WISHES[wish])
    field = read_field([path.name], completed(settings, [path]).tool_parameters(), "field")
    found: list[Drizzled] = []
    kernel = KernelCall(lambda _, chip, __: found.append(chip), field.has_context, square)
    image = field.images[0]
    with pixels(image, {image.scienceExt, image.maskExt}):
        drizzle_exposure(field, 0, kernel)
    return found


def main(out: Path, paths: list[Path]) -> None:
    """Save mean, weight and context of every chip by both kernels."""
    import_drizzlepac(DRIZZLE)
    compiled = SquareKernel.compiled()
    assert compiled is not None
    square = CountingKernel(compiled.add_rows)
    arrays = {}
    for path in paths:
        for wish in WISHES:
            CountingKernel.chips = 0
            for who, kernel in (("theirs", None), ("ours", square)):
                for chip, found in enumerate(drizzled(path, wish, kernel)):
                    name = f"{path.parent.name}/{wish}/{chip}/{who}"
                    arrays[f"{name}/science"] = found.science
                    arrays[f"{name}/weight"] = found.weight
                    if found.context is not None:
                        arrays[f"{name}/context"] = found.context
            arrays[f"{path.parent.name}/{wish}/by square"] = np.array(CountingKernel.chips)
    np.savez(out, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
