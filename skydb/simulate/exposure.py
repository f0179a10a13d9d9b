"""One simulated exposure: rendered, given headers and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skydb.simulate.detectors import Detector
from skydb.simulate.geometry import ChipModel
from skydb.simulate.headers import HeaderWriter
from skydb.simulate.hits import write_hits
from skydb.simulate.plan import FieldPlan
from skydb.simulate.render import ChipImage, Defects, make_defects, render_chip
from skydb.simulate.scene import Nebula, Stars
from skydb.simulate.schedule import Exposure, Visit

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, ImageHDU

_IR_SAMPLES = 13


@dataclass(frozen=True, slots=True)
class Camera:
    """Takes the exposures of one field.

    Parameters
    ----------
    stars : Stars
        At any epoch; each exposure moves them to its own.
    defects : tuple of Defects
        Of each chip, in the order of EXTVER.
    """

    plan: FieldPlan
    detector: Detector
    stars: Stars
    nebula: Nebula
    defects: tuple[Defects, ...]

    @classmethod
    def build(cls, plan: FieldPlan, detector: Detector, stars: Stars, nebula: Nebula) -> Camera:
        """A camera whose chips have the defects of the plan's seed."""
        defects = tuple(make_defects(plan.seed, detector, chip) for chip in detector.chips)
        return cls(plan, detector, stars, nebula, defects)

    def take(self, visit: Visit, exposure: Exposure, directory: Path) -> Path:
        """Expose, write the file and return its path."""
        from astropy.io import fits

        writer = HeaderWriter(self.plan, self.detector)
        hdus = fits.HDUList([fits.PrimaryHDU(header=writer.primary(visit, exposure))])
        stars, hits = self.stars.at(exposure.epoch_year), {}
        for chip, defects in zip(self.detector.chips, self.defects, strict=True):
            image = render_chip(
                *(self.plan.seed, self.detector, chip, exposure, stars, self.nebula, defects),
                cosmic_rays=self.plan.cosmic_rays,
            )
            self._append_chip(hdus, writer, visit, exposure, chip, image)
            if image.hits is not None:
                hits[chip.extver] = image.hits
        hdus[0].header["NEXTEND"] = (len(hdus) - 1, "Number of standard extensions")
        path = directory / writer.file_name(exposure)
        hdus.writeto(path, overwrite=True)
        if hits:
            write_hits(directory, exposure.rootname, hits)
        return path

    def _append_chip(
        self,
        hdus: HDUList,
        writer: HeaderWriter,
        visit: Visit,
        exposure: Exposure,
        chip: ChipModel,
        image: ChipImage,
    ) -> None:
        from astropy.io import fits

        science = fits.ImageHDU(image.sci, writer.science(visit, exposure, chip))
        _add_statistics(science, image)
        hdus.append(science)
        unit = self.detector.bunit
        companions = [("ERR", image.err, unit), ("DQ", image.dq, "UNITLESS")]
        if self.detector.is_rate:
            companions += _ramp_planes(image, exposure)
        for name, data, bunit in companions:
            hdus.append(fits.ImageHDU(data, writer.companion(name, exposure, chip, bunit)))


def _ramp_planes(image: ChipImage, exposure: Exposure) -> list[tuple[str, np.ndarray, str]]:
    """Samples and integration time behind each infrared pixel."""
    samples = np.full(image.sci.shape, _IR_SAMPLES, np.int16)
    times = np.full(image.sci.shape, exposure.exptime_s, np.float32)
    return [("SAMP", samples, "UNITLESS"), ("TIME", times, "SECONDS")]


def _add_statistics(hdu: ImageHDU, image: ChipImage) -> None:
    good = image.sci[image.dq == 0]
    hdu.header["NGOODPIX"] = (good.size, "number of good pixels")
    hdu.header["GOODMIN"] = (float(good.min()), "minimum value of good pixels")
    hdu.header["GOODMAX"] = (float(good.max()), "maximum value of good pixels")
    hdu.header["GOODMEAN"] = (float(good.mean(dtype=np.float64)), "mean value of good pixels")
