"""Masks of cosmic rays inside the subprocess: what driz_cr found, kept before it is cleaned up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from astropy.io.fits import CompImageHDU
    from drizzlepac.imageObject import imageObject
    from numpy.typing import NDArray

_TILE_ROWS = 64


@contextmanager
def recorded_masks(target: Path) -> Iterator[list[dict[str, object]]]:
    """Count and keep the masks of every chip when driz_cr has made them.

    Parameters
    ----------
    target : Path
        Where to write them; not made when the step is off. The extension of a chip has the
        rootname as EXTNAME and its own EXTVER, and is 1 where driz_cr saw a cosmic ray.
    """
    from drizzlepac import drizCR

    real: Callable[..., object] = drizCR.rundrizCR
    found: list[dict[str, object]] = []

    def recorder(images: list[imageObject], settings: Any, *rest: Any, **more: Any) -> object:  # noqa: ANN401
        result = real(images, settings, *rest, **more)
        if settings["STEP 6: REMOVE COSMIC RAYS WITH DERIV, DRIZ_CR"]["driz_cr"]:
            final_bits = settings["STEP 7: DRIZZLE FINAL COMBINED IMAGE"]["final_bits"]
            found.extend(_keep(images, final_bits, target))
        return result

    drizCR.rundrizCR = recorder
    try:
        yield found
    finally:
        drizCR.rundrizCR = real


def _keep(
    images: Iterable[imageObject], final_bits: str, target: Path
) -> Iterator[dict[str, object]]:
    """Write all masks into one file, and say of each chip what it masks."""
    from astropy.io import fits

    hdus = fits.HDUList([fits.PrimaryHDU()])
    for image in images:
        for chip in range(1, image._numchips + 1):
            science = image[image.scienceExt, chip]
            if science.group_member:
                mask = _mask(image, science.outputNames["crmaskImage"])
                usable = image.buildMask(chip, final_bits) > 0
                filename = Path(image._filename).name
                hdus.append(packed_mask(mask, filename, science.extver))
                yield {
                    "filename": filename,
                    "extver": int(science.extver),
                    "masked": int(mask.sum()),
                    "lost": int((mask & usable).sum()),
                    "usable": int(usable.sum()),
                    "exptime_s": float(science._exptime),
                }
    hdus.writeto(target, overwrite=True)


def _mask(image: imageObject, name: str) -> NDArray[np.bool_]:
    """Pixels that driz_cr takes for cosmic rays: it writes 0 there."""
    from astropy.io import fits

    data = image.virtualOutputs[name][0].data if image.inmemory else fits.getdata(name, ext=0)
    mask: NDArray[np.bool_] = data == 0
    return mask


def packed_mask(mask: NDArray[np.bool_], filename: str, extver: int) -> CompImageHDU:
    """Make the extension with the mask of one chip."""
    from astropy.io import fits

    # A tile of many rows takes a third of the time of as many tiles.
    tile = (min(_TILE_ROWS, mask.shape[0]), mask.shape[1])
    packed = fits.CompImageHDU(mask.astype("uint8"), compression_type="RICE_1", tile_shape=tile)
    packed.header["EXTNAME"] = filename.split("_")[0].upper()
    packed.header["EXTVER"] = int(extver)
    return packed
