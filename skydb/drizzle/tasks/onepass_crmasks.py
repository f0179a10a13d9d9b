"""Masks of cosmic rays of several sky methods: steps 5 and 6 of AstroDrizzle on one exposure.

What differs between the methods is the median image and the sky. drizzlepac's own functions
blot the one (``ablot.do_blot``) and compare it with the exposure (``drizCR``); where a pixel
of the exposure lies on the median image is found once for all methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
from astropy.io import fits

from skydb.drizzle.tasks.onepass_mosaics import Array
from skydb.drizzle.tasks.onepass_windows import SIGNAL, slopes

_STEP_BLOT, _STEP_DRIZ_CR = 5, 6
#: Pixels between those that ``ablot.run_blot`` maps exactly, whatever the settings say.
_STEPSIZE = 10


@dataclass(frozen=True)
class Rejection:
    """Finds cosmic rays in the chips of an exposure.

    Parameters
    ----------
    blot : mapping
        Parameters of step 5.
    reject : mapping
        Parameters of step 6.
    wcs : HSTWCS
        Grid of the median images.
    medians : sequence of array
        One for every mosaic.
    """

    blot: Mapping[str, Any]
    reject: Mapping[str, Any]
    wcs: Any
    medians: Sequence[Array]

    @classmethod
    def of(cls, config: Mapping[str, Any], wcs: Any, medians: Sequence[Array]) -> Rejection:  # noqa: ANN401
        """Take the parameters of both steps from AstroDrizzle's."""
        from drizzlepac import util

        blot, reject = (
            dict(config[util.getSectionName(config, step)]) for step in (_STEP_BLOT, _STEP_DRIZ_CR)
        )
        reject.update(crbit=config["crbit"], inmemory=True)
        return cls(blot, reject, wcs, medians)

    def masks(self, chip: Any, science: Array, skies: Sequence[float]) -> list[Array]:  # noqa: ANN401
        """Masks of a chip, True where no cosmic ray was seen.

        Parameters
        ----------
        chip : HDU
            The chip as drizzlepac knows it.
        science : array
            Its pixels; not changed.
        skies : sequence of float
            Its sky in every mosaic, in the unit of its pixels.
        """
        mapping = SharedMapping() if len(skies) > 1 else None
        return [
            self._mask(chip, science, sky, self._blotted(chip, median, sky, mapping))
            for median, sky in zip(self.medians, skies, strict=True)
        ]

    def _blotted(
        self,
        chip: Any,  # noqa: ANN401
        median: Array,
        sky: float,
        mapping: SharedMapping | None,
    ) -> Array:
        """A median image as the chip would have seen it, with its sky (``ablot.run_blot``)."""
        from drizzlepac import ablot

        blotted: Array = ablot.do_blot(
            median,
            self.wcs,
            chip.wcs,
            chip._exptime,
            coeffs=True,
            interp=self.blot["blot_interp"],
            sinscl=self.blot["blot_sinscl"],
            wcsmap=mapping,
        )
        blotted /= chip._conversionFactor
        blotted += sky
        return blotted

    def _mask(self, chip: Any, science: Array, sky: float, blotted: Array) -> Array:  # noqa: ANN401
        from drizzlepac import drizCR

        exposure, quick = _OneChip(chip, science, sky, blotted), drizCR.quickDeriv
        derivative = slopes if np.isfinite(blotted).all() else quick.qderiv
        with (
            exposure.known(),
            mock.patch.object(drizCR, "signal", SIGNAL),
            mock.patch.object(quick, "qderiv", derivative),
        ):
            drizCR._driz_cr(exposure, exposure.virtualOutputs, self.reject)
        return exposure.mask


class SharedMapping:
    """Places of a chip's pixels on the median image, kept for the next median.

    Stands in for ``wcs_functions.WCSMap``, of which ``do_blot`` makes one with its two WCSs.
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[float, float, int], tuple[Array, Array]] = {}
        self._exact: Any = None

    def __call__(self, chip: Any, median: Any) -> SharedMapping:  # noqa: ANN401
        """Take the WCSs of the first call; those of later ones are the same."""
        from drizzlepac import cdriz

        if self._exact is None:
            nx, ny = chip.pixel_shape
            self._exact = cdriz.DefaultWCSMapping(chip, median, nx, ny, _STEPSIZE)
        return self

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Map one row."""
        key = (x[0], y[0], len(x))
        if key not in self._rows:
            self._rows[key] = self._exact(x, y)
        return self._rows[key]


class _OneChip:
    """An ``imageObject`` of one chip, with what ``drizCR`` asks for."""

    scienceExt = "SCI"  # noqa: N815 - drizzlepac's name
    inmemory, _numchips = True, 1

    def __init__(self, chip: Any, science: Array, sky: float, blotted: Array) -> None:  # noqa: ANN401
        self._chip, self._science, self._sky = chip, science, sky
        self.virtualOutputs: dict[str, Any] = {
            chip.outputNames["blotImage"]: [fits.PrimaryHDU(blotted)]
        }

    def known(self) -> Any:  # noqa: ANN401 - a context manager of mock
        """Let the chip have its sky for the block."""
        return mock.patch.object(self._chip, "subtractedSky", self._sky)

    def __getitem__(self, extension: str) -> Any:  # noqa: ANN401
        return self._chip

    def getData(self, extension: str) -> Array:  # noqa: N802 - drizzlepac's name
        """Pixels of the chip, which may be changed."""
        return self._science.copy()

    def buildMask(self, chip: int, bits: object) -> Array:  # noqa: N802 - drizzlepac's name
        """All pixels: flags matter only for the corrected image, which is not wanted."""
        return np.ones(self._science.shape, np.uint8)

    def saveVirtualOutputs(self, outputs: Mapping[str, Any]) -> None:  # noqa: N802
        """Keep the mask."""
        self.virtualOutputs.update(outputs)

    @property
    def mask(self) -> Array:
        """True where no cosmic ray was seen."""
        found = self.virtualOutputs[self._chip.outputNames["crmaskImage"]]
        mask: Array = found[0].data.astype(np.bool_)
        return mask
