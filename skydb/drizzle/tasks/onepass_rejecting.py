"""One pass that leaves cosmic rays out: the mosaic of every method has masks of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from skydb.drizzle.tasks.crmasks import packed_mask
from skydb.drizzle.tasks.onepass_chips import chips_of, drizzle_exposure, pixels
from skydb.drizzle.tasks.onepass_crmasks import Rejection
from skydb.drizzle.tasks.onepass_few import Call, FewPixels, Target
from skydb.drizzle.tasks.onepass_kernel import KernelCall
from skydb.drizzle.tasks.onepass_layers import LayeredSums
from skydb.drizzle.tasks.onepass_mosaics import Array, shared
from skydb.drizzle.tasks.onepass_square import SquareKernel
from skydb.drizzle.tasks.onepass_sums import Drizzled
from skydb.drizzle.tasks.onepass_work import Pass

_STEP_FINAL = 7

#: What ``driz_cr`` masked of one chip, as :class:`skydb.drizzle.crmasks.MaskReading` has it.
Reading = dict[str, object]


@dataclass
class RejectingPass(Pass):
    """A pass that finds the cosmic rays of every exposure before it drizzles it.

    Parameters
    ----------
    rejection : Rejection
        How they are found.
    """

    sums: LayeredSums
    rejection: Rejection = field(kw_only=True)
    _packed: list[list[Array]] = field(init=False)

    def __post_init__(self) -> None:
        chips = [chip for image in self.exposures.images for chip in chips_of(image)]
        shapes = [chip.wcs.array_shape for chip in chips]
        self._packed = [
            [shared((rows, (columns + 7) // 8), np.uint8) for rows, columns in shapes]
            for _ in self.skies
        ]

    def reject(self, index: int) -> list[list[Reading]]:
        """Find the cosmic rays of one exposure, drizzle it and add it to the sums.

        Returns
        -------
        list of list of dict
            For every mosaic what its masks leave out of every chip.
        """
        image = self.exposures.images[index]
        resetbits = int(self.exposures.config["resetbits"])
        with self._giving_up(), pixels(image, self._wanted(image), resetbits):
            masks = [self._masks(index, order) for order in range(len(chips_of(image)))]
            readings = [
                [
                    self._reading(image, chip, found[mosaic])
                    for chip, found in self._each(index, masks)
                ]
                for mosaic in range(len(self.skies))
            ]
            kernel = _RejectingKernel(
                partial(self._receive_chip, index), masks, self.has_context, self.exposures.square
            )
            drizzle_exposure(self.exposures, index, kernel, self.static.by_kind)
        return readings

    def _each(self, index: int, masks: Sequence[list[Array]]) -> Any:  # noqa: ANN401
        return zip(chips_of(self.exposures.images[index]), masks, strict=True)

    def _masks(self, index: int, order: int) -> list[Array]:
        """Masks of one chip, one for every mosaic; kept for the file of masks."""
        image = self.exposures.images[index]
        chip = chips_of(image)[order]
        skies = [mosaic[image._filename, chip.extver] or 0.0 for mosaic in self.skies]
        found = self.rejection.masks(chip, image._image[image.scienceExt, chip.extver].data, skies)
        for packed, mask in zip(self._packed, found, strict=True):
            packed[self.exposures.first_chips[index] + order][:] = np.packbits(mask, axis=1)
        return found

    def _reading(self, image: Any, chip: Any, mask: Array) -> Reading:  # noqa: ANN401
        from drizzlepac import util

        config = self.exposures.config
        final_bits = config[util.getSectionName(config, _STEP_FINAL)]["final_bits"]
        usable = image.buildMask(chip._chip, final_bits) > 0
        return {
            "filename": Path(image._filename).name,
            "extver": int(chip.extver),
            "masked": int((~mask).sum()),
            "lost": int((~mask & usable).sum()),
            "usable": int(usable.sum()),
            "exptime_s": float(chip._exptime),
        }

    def _receive_chip(
        self, index: int, order: int, chip: _Rejected, drizzled: Drizzled, unit: float
    ) -> None:
        """Add one chip when it is its turn: what all mosaics have, then the rest of each."""
        hdu = chips_of(self.exposures.images[index])[order]
        given = self._skies_of(index, hdu)
        gain = hdu._effGain
        with self._turn(index, order):
            self.sums.add(drizzled, given, unit * gain)
            for mosaic, sky in enumerate(given):
                chip.add_rest(mosaic, sky * gain, self._target(mosaic, drizzled.plane))

    def _target(self, mosaic: int, plane: int) -> Target:
        sums = self.sums
        context = (
            np.zeros(sums.layer_weight.shape[1:], np.int32)
            if sums.layer_context is None
            else sums.layer_context[mosaic, plane]
        )
        return Target(sums.layer_science[mosaic], sums.layer_weight[mosaic], context)

    def write_masks(self, mosaic: int, name: str) -> None:
        """Write the masks of one mosaic as AstroDrizzle's are kept."""
        hdus = fits.HDUList([fits.PrimaryHDU()])
        chips = [(image, chip) for image in self.exposures.images for chip in chips_of(image)]
        for (image, chip), packed in zip(chips, self._packed[mosaic], strict=True):
            good = np.unpackbits(packed, axis=1, count=chip.wcs.array_shape[1])
            hdus.append(packed_mask(good == 0, Path(image._filename).name, chip.extver))
        hdus.writeto(name, overwrite=True)


@dataclass(frozen=True)
class _Rejected:
    """Pixels of one chip that some mosaics keep and others leave out."""

    few: FewPixels
    science: Array
    weight: Array
    rest: Sequence[Array]

    def add_rest(self, mosaic: int, sky: float, target: Target) -> None:
        """Drizzle what one mosaic keeps besides, less its sky."""
        self.few.drizzle(self.science, self.weight, self.rest[mosaic], sky, target)


class _RejectingKernel:
    """Stands in for ``adrizzle.do_driz``: drizzles what no mosaic leaves out.

    Parameters
    ----------
    receive : callable
        Gets the number of each chip, what is left of it, the drizzled chip, and what one
        unit of its image is in the mosaic.
    masks : sequence of list of array
        For each chip the masks of all mosaics.
    has_context : bool
        Whether there will be a context image.
    square : SquareKernel or None
        Faster kernel for what is drizzled for all mosaics.
    """

    def __init__(
        self,
        receive: Callable[[int, _Rejected, Drizzled, float], None],
        masks: Sequence[list[Array]],
        has_context: bool,
        square: SquareKernel | None,
    ) -> None:
        self._receive = receive
        self._masks = masks
        self._common = KernelCall(self._hand_on, has_context, square)
        self._rest: _Rejected | None = None

    def __call__(
        self,
        insci: Array,
        input_wcs: Any,  # noqa: ANN401
        inwht: Array,
        output_wcs: Any,  # noqa: ANN401
        *arrays: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> str:
        """Drizzle one chip; the arrays of the mosaic stay as they are."""
        masks = self._masks[self._common.chips]
        all_keep = np.logical_and.reduce(masks)
        usable = ~all_keep & (inwht != 0)
        expin, in_units, wt_scl = arrays[3:]
        uniqid = (int(options["uniqid"]) - 1) % 32 + 1
        real = self._common.real
        kept = {**options, "uniqid": uniqid, "fillval": None}
        call = Call(real, input_wcs, output_wcs, expin, in_units, wt_scl, kept)
        rest = [mask & usable for mask in masks]
        # The kernel divides the pixels that it gets by the exposure time.
        self._rest = _Rejected(FewPixels(call, insci.shape), insci.astype(np.float32), inwht, rest)
        common = np.where(all_keep, inwht, inwht.dtype.type(0))
        return self._common(insci, input_wcs, common, output_wcs, *arrays, **options)

    def _hand_on(self, order: int, drizzled: Drizzled, unit: float) -> None:
        if self._rest is not None:
            self._receive(order, self._rest, drizzled, unit)
