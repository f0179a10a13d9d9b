"""Run skypac itself on copies of exposures; meant for a process of its own.

``python skypac_job.py DIRECTORY OUT.json``: MDRIZSKY by method and then by
``rootname,extver``, of all exposures of the directory.

DQ flags are given as masks, as AstroDrizzle does it: with ``dq_bits``, skypac 1.0.12
takes the bad pixels for the good ones.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

METHODS = ("localmin", "match", "globalmin+match", "globalmin")
RESET_BITS = 4096


def with_masks(path: Path) -> Any:
    """A copy as skypac takes it, with masks of its good pixels beside it."""
    import numpy as np
    from astropy.io import fits
    from stsci.skypac.parseat import FileExtMaskInfo

    info = FileExtMaskInfo(
        default_ext=("SCI", "*"), default_mask_ext=0, clobber=False, doNotOpenDQ=True,
        fnamesOnly=False, im_fmode="update", dq_fmode="readonly", msk_fmode="readonly",
    )  # fmt: skip
    with fits.open(path) as hdus:
        masks = {hdu.ver: (hdu.data & ~RESET_BITS) == 0 for hdu in hdus if hdu.name == "DQ"}
    info.image = path.name
    info.append_ext([("SCI", extver) for extver in sorted(masks)])
    for extver in sorted(masks):
        mask = f"{path.name[:9]}_{extver}_msk.fits"
        fits.writeto(mask, masks[extver].astype(np.uint8))
        info.append_mask(mask, 0)
    info.finalize()
    return info


def skies_of(method: str, exposures: list[Path]) -> dict[str, float]:
    """Skies of skypac in the headers of pristine copies, with AstroDrizzle's settings."""
    from astropy.io import fits
    from stsci.skypac.skymatch import skymatch

    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        copies = [Path(shutil.copy(path, scratch)) for path in exposures]
        inputs = [with_masks(path) for path in copies]
        skymatch(
            inputs, skymethod=method, skystat="median", nclip=5,
            lsigma=4.0, usigma=4.0, skyuser_kwd="MDRIZSKY", dq_bits=None, readonly=False,
            subtractsky=False, verbose=False, flog=None,
        )  # fmt: skip
        for one in inputs:
            one.release_all_images()  # which writes the headers
        found = {}
        for path in copies:
            with fits.open(path) as hdus:
                chips = (hdu for hdu in hdus if hdu.name == "SCI")
                found |= {f"{path.name[:9]},{c.ver}": float(c.header["MDRIZSKY"]) for c in chips}
        os.chdir("/")
        return found


def main(directory: str, out: str) -> None:
    """All methods on all exposures of a directory."""
    warnings.simplefilter("ignore")
    exposures = sorted(Path(directory).resolve().glob("*_fl[tc].fits"))
    target = Path(out).resolve()
    target.write_text(json.dumps({method: skies_of(method, exposures) for method in METHODS}))


if __name__ == "__main__":
    main(*sys.argv[1:])
