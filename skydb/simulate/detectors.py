"""WFC3/IR and WFC3/UVIS: geometry, distortion, photometry and noise.

The numbers are facts of the instrument as its archive headers state them: CD
matrices and chip positions of the IDC solution turned to V3 north and freed of
velocity aberration, SIP coefficients of IDCTAB w3m18525i (IR) and 2731450pi
(UVIS), calibrated gains and read noises.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skydb.domain.vocabulary import ProductKind, SkyUnit
from skydb.errors import UsageError
from skydb.simulate.geometry import ChipModel, Sip
from skydb.simulate.plan import SimDetector


@dataclass(frozen=True, slots=True)
class Photometry:
    """PHOTFLAM (erg/s/cm2/A per e/s), PHOTPLAM and PHOTBW (A) of a filter."""

    photflam: float
    photplam: float
    photbw: float

    @property
    def photfnu(self) -> float:
        """PHOTFNU, Jy per e/s."""
        return self.photflam * self.photplam**2 / 2.99792458e18 * 1e23

    @property
    def zeropoint_ab_mag(self) -> float:
        """AB magnitude of one electron per second."""
        return float(-2.5 * np.log10(self.photflam) - 5 * np.log10(self.photplam) - 2.408)


@dataclass(frozen=True, slots=True)
class Detector:
    """What the simulator knows of a detector.

    Parameters
    ----------
    chips : tuple of ChipModel
        In the order of EXTVER, full size.
    gap_pix : float
        Rows between the two chips; 0 for one chip.
    psf : tuple of (float, float)
        Weight and sigma in pixels of each Gaussian of the PSF.
    read_noise_e : float
        Read noise of one exposure.
    brightest_e : float
        Total electrons (UVIS) or electrons a second (IR) of the brightest star
        that does not saturate.
    colour_mag : tuple of float
        Mean and scatter of Gaia G minus the AB magnitude in the filter.
    """

    name: SimDetector
    kind: ProductKind
    product_kind: ProductKind
    unit: SkyUnit
    bunit: str
    idctab: str
    chips: tuple[ChipModel, ...]
    gap_pix: float
    psf: tuple[tuple[float, float], ...]
    filters: dict[str, Photometry]
    default_filter: str
    exptime_s: float
    read_noise_e: float
    brightest_e: float
    colour_mag: tuple[float, float]
    sky_range: tuple[float, float]
    nebula: float

    @property
    def is_rate(self) -> bool:
        """Whether images are in electrons per second."""
        return self.unit is SkyUnit.ELECTRON_PER_S

    @property
    def width_pix(self) -> int:
        """Columns of a chip."""
        return self.chips[0].naxis[0]

    @property
    def height_pix(self) -> float:
        """Rows of all chips, with the gap."""
        return sum(chip.naxis[1] for chip in self.chips) + self.gap_pix

    @property
    def default_stars(self) -> int:
        """Stars on one detector area; half of them are in Gaia.

        As many as leave TweakReg, whose centroids of undersampled stars scatter by
        0.02 pixels, with an error below 1 mas in the corners of a whole detector.
        """
        return int(min(1500, 170 + 0.75 * self.width_pix))

    def photometry(self, filter_name: str) -> Photometry:
        """Photometry of a filter.

        Raises
        ------
        UsageError
            When the filter is not simulated.
        """
        if filter_name not in self.filters:
            known = ", ".join(self.filters)
            raise UsageError(f"{self.name} has no simulated filter {filter_name}; use {known}.")
        return self.filters[filter_name]

    def resized(self, size: int | None) -> Detector:
        """The central part of the detector: the distortion stays about the chip's centre.

        Chips keep their relative position, with a gap in proportion to the rows
        (at least 8 pixels, so that the gap is seen).

        Raises
        ------
        UsageError
            When ``size`` is larger than the detector.
        """
        if size is None:
            return self
        if size > self.width_pix:
            raise UsageError(f"WFC3/{self.name} is {self.width_pix} pixels wide, not {size}.")
        rows_before = self.chips[0].naxis[1]
        rows = size // len(self.chips)
        gap = max(8.0, self.gap_pix * rows / rows_before) if len(self.chips) > 1 else 0.0
        shrink = (rows + gap) / (rows_before + self.gap_pix)
        chips = tuple(_resized_chip(chip, (size, rows), shrink) for chip in self.chips)
        return replace(self, chips=chips, gap_pix=gap)


def _resized_chip(chip: ChipModel, naxis: tuple[int, int], shrink: float) -> ChipModel:
    x, y = chip.centre_arcsec
    crpix = (naxis[0] / 2.0, naxis[1] / 2.0)
    return replace(chip, naxis=naxis, crpix=crpix, centre_arcsec=(x * shrink, y * shrink))


_IR_SIP = Sip(
    4,
    {
        (0, 2): 5.36543879655039e-08,
        (0, 3): 3.57608124801564e-11,
        (0, 4): -2.0298654411109e-13,
        (1, 1): 2.44567998516218e-05,
        (1, 2): 5.99977055536005e-11,
        (1, 3): 6.20421897334776e-13,
        (2, 0): -1.9767903795896e-07,
        (2, 1): 1.12426213281082e-10,
        (2, 2): -2.0999805662514e-14,
        (3, 0): -1.4547443693903e-10,
        (3, 1): 5.61137882880728e-13,
        (4, 0): -3.350311477329e-13,
    },
    {
        (0, 2): 3.00207750656021e-05,
        (0, 3): -1.6773547445182e-10,
        (0, 4): 7.74735188487937e-13,
        (1, 1): -1.7469718445787e-07,
        (1, 2): 4.26550075268506e-11,
        (1, 3): -9.0688431239891e-14,
        (2, 0): 6.98027411532913e-06,
        (2, 1): -2.6338747532099e-10,
        (2, 2): -6.9630146722556e-14,
        (3, 0): 5.31541345421763e-11,
        (3, 1): 1.00135300774332e-13,
        (4, 0): -6.1398288616439e-13,
    },
)

_UVIS2_SIP = Sip(
    4,
    {
        (0, 2): 9.68752216541829e-08,
        (0, 3): 1.83977137395279e-11,
        (0, 4): -1.5724178902718e-14,
        (1, 1): -3.0073309899834e-06,
        (1, 2): 1.52171396326211e-11,
        (1, 3): 1.06776659403511e-14,
        (2, 0): 2.93081163466262e-06,
        (2, 1): -1.2617092273945e-11,
        (2, 2): -1.725583405793e-14,
        (3, 0): 3.05584134653132e-11,
        (3, 1): 6.65929786678309e-15,
        (4, 0): -7.458238590171e-15,
    },
    {
        (0, 2): -3.1182425747255e-06,
        (0, 3): 1.49270537925503e-11,
        (0, 4): 1.7312015536267e-14,
        (1, 1): 2.81470255140448e-06,
        (1, 2): -5.0794595846563e-12,
        (1, 3): 8.68079140232788e-15,
        (2, 0): -5.8319285504418e-08,
        (2, 1): 1.02902087236718e-11,
        (2, 2): 1.89739365693031e-14,
        (3, 0): 1.80116277193471e-13,
        (3, 1): -6.694073536343e-16,
        (4, 0): 2.81833598801922e-15,
    },
)

_UVIS1_SIP = Sip(
    4,
    {
        (0, 2): -1.630053740409e-08,
        (0, 3): -1.0712402125648e-13,
        (0, 4): 6.3349781445814e-15,
        (1, 1): -2.8946283867545e-06,
        (1, 2): 1.66169330210897e-11,
        (1, 3): 1.27995638473689e-14,
        (2, 0): 2.88097687020633e-06,
        (2, 1): -5.1076735491602e-12,
        (2, 2): 4.00539373548377e-16,
        (3, 0): 2.50273224837601e-11,
        (3, 1): 9.38427293471106e-16,
        (4, 0): -1.1174065984756e-15,
    },
    {
        (0, 2): -2.8811433607635e-06,
        (0, 3): 4.06599817677014e-11,
        (0, 4): -2.19132265003e-14,
        (1, 1): 2.82933641443307e-06,
        (1, 2): -4.0592584819946e-12,
        (1, 3): -5.1649283694224e-15,
        (2, 0): -8.5296382052784e-10,
        (2, 1): 9.76389218216109e-13,
        (2, 2): -6.541032706967e-15,
        (3, 0): 1.0933767977814e-11,
        (3, 1): -3.2278772092761e-15,
        (4, 0): -2.3237441451792e-15,
    },
)

_IR = Detector(
    name=SimDetector.IR,
    kind=ProductKind.FLT,
    product_kind=ProductKind.DRZ,
    unit=SkyUnit.ELECTRON_PER_S,
    bunit="ELECTRONS/S",
    idctab="w3m18525i",
    chips=(
        ChipModel(
            extver=1,
            ccdchip=1,
            naxis=(1014, 1014),
            crpix=(507.0, 507.0),
            centre_arcsec=(0.0, 0.0),
            cd_arcsec=(-0.096046981874, 0.084977351542, 0.095452716667, 0.086073323622),
            sip=_IR_SIP,
        ),
    ),
    gap_pix=0.0,
    psf=((0.84, 0.65), (0.16, 1.3)),
    filters={
        "F160W": Photometry(1.9429e-20, 15369.176, 826.25),
        "F110W": Photometry(1.5318e-20, 11534.459, 1428.488),
    },
    default_filter="F160W",
    exptime_s=699.232483,
    read_noise_e=12.0,
    brightest_e=4000.0,
    colour_mag=(0.8, 0.25),
    sky_range=(0.8, 1.3),
    nebula=0.45,
)

_UVIS = Detector(
    name=SimDetector.UVIS,
    kind=ProductKind.FLC,
    product_kind=ProductKind.DRC,
    unit=SkyUnit.ELECTRON,
    bunit="ELECTRONS",
    idctab="2731450pi",
    chips=(
        ChipModel(
            extver=1,
            ccdchip=2,
            naxis=(4096, 2051),
            crpix=(2048.0, 1026.0),
            centre_arcsec=(-29.052187814, -29.251888641),
            cd_arcsec=(-0.026474647028, 0.028048279669, 0.029779937841, 0.028295566704),
            sip=_UVIS2_SIP,
        ),
        ChipModel(
            extver=2,
            ccdchip=1,
            naxis=(4096, 2051),
            crpix=(2048.0, 1026.0),
            centre_arcsec=(29.052187814, 29.251888641),
            cd_arcsec=(-0.026135124704, 0.027748032243, 0.029784692015, 0.027929484154),
            sip=_UVIS1_SIP,
        ),
    ),
    gap_pix=31.0,
    psf=((0.85, 0.72), (0.15, 1.9)),
    filters={
        "F606W": Photometry(1.1497e-19, 5889.167, 656.468),
        "F555W": Photometry(1.8379346e-19, 5308.4307, 517.41749),
    },
    default_filter="F606W",
    exptime_s=60.0,
    read_noise_e=3.1,
    brightest_e=2.0e5,
    colour_mag=(0.1, 0.1),
    sky_range=(30.0, 90.0),
    nebula=40.0,
)


def detector(name: SimDetector, size: int | None = None) -> Detector:
    """A detector, whole or its central part.

    Raises
    ------
    UsageError
        When ``size`` is larger than the detector.
    """
    return (_IR if name is SimDetector.IR else _UVIS).resized(size)
