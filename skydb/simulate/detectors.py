"""WFC3/IR, WFC3/UVIS and ACS/WFC: geometry, photometry and noise.

The numbers are facts of the instruments as their archive headers state them: CD
matrices and chip positions turned to V3 north and freed of velocity aberration,
calibrated gains and read noises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from skydb.domain.vocabulary import ProductKind, SkyUnit
from skydb.errors import UsageError
from skydb.simulate.cosmic_rays import Radiation
from skydb.simulate.distortion import IR_SIP, UVIS1_SIP, UVIS2_SIP, WFC1_SIP, WFC2_SIP
from skydb.simulate.geometry import ChipModel
from skydb.simulate.plan import SimDetector

#: Both CCDs have pixels of 15 um; 1.3 events a second and cm2 hit 1.8 % of them in 1000 s.
_CCD_RADIATION = Radiation(1.3, 15.0, 1.0, 670.0, 0.25, 0.35)
#: 11 events a second on 1014 x 1014 pixels of 18 um, in a thinner layer.
_IR_RADIATION = Radiation(3.3, 18.0, 0.4, 670.0, 0.4, 0.3)

_ROOT_LETTERS = {"WFC3": "i", "ACS": "j"}


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
    """Properties of a detector for the simulator.

    Parameters
    ----------
    instrument : str
        ``WFC3`` or ``ACS``.
    channel : str
        Name of the detector in PHOTMODE.
    chips : tuple of ChipModel
        In the order of EXTVER, full size.
    gap_pix : float
        Rows between the two chips; 0 for one chip.
    psf : tuple of (float, float)
        Weight and sigma in pixels of each Gaussian of the PSF.
    read_noise_e : float
        Read noise of one exposure.
    brightest_e : float
        Total electrons (UVIS, WFC) or electrons a second (IR) of the brightest star
        that does not saturate.
    colour_mag : tuple of float
        Mean and scatter of Gaia G minus the AB magnitude in the filter.
    radiation : Radiation
        Cosmic rays that strike it.
    full_well_e : float or None
        Charge at which a pixel of a CCD is full; None where charge does not bleed.
    wheels : mapping
        Number of the wheel (1 or 2) that each filter is in; empty for one wheel.
    """

    name: SimDetector
    instrument: str
    channel: str
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
    radiation: Radiation
    full_well_e: float | None = None
    wheels: Mapping[str, int] = field(default_factory=dict)

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

    @property
    def pipeline(self) -> str:
        """``CALWF3`` or ``CALACS``."""
        return "CAL" + self.instrument.replace("WFC3", "WF3")

    @property
    def root_letter(self) -> str:
        """First letter of rootnames."""
        return _ROOT_LETTERS[self.instrument]

    def filter_cards(self, filter_name: str) -> dict[str, str]:
        """FILTER of one wheel, or FILTER1 and FILTER2 with a clear position in the other."""
        if not self.wheels:
            return {"FILTER": filter_name}
        elements = {f"FILTER{wheel}": f"CLEAR{wheel}L" for wheel in (1, 2)}
        return {**elements, f"FILTER{self.wheels[filter_name]}": filter_name}

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
            raise UsageError(
                f"{self.instrument}/{self.name} is {self.width_pix} pixels wide, not {size}."
            )
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


_IR = Detector(
    name=SimDetector.IR,
    instrument="WFC3",
    channel="IR",
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
            sip=IR_SIP,
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
    radiation=_IR_RADIATION,
)

_UVIS = Detector(
    name=SimDetector.UVIS,
    instrument="WFC3",
    channel="UVIS",
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
            sip=UVIS2_SIP,
        ),
        ChipModel(
            extver=2,
            ccdchip=1,
            naxis=(4096, 2051),
            crpix=(2048.0, 1026.0),
            centre_arcsec=(29.052187814, 29.251888641),
            cd_arcsec=(-0.026135124704, 0.027748032243, 0.029784692015, 0.027929484154),
            sip=UVIS1_SIP,
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
    radiation=_CCD_RADIATION,
    full_well_e=70_000.0,
)

_WFC = Detector(
    name=SimDetector.WFC,
    instrument="ACS",
    channel="WFC1",
    kind=ProductKind.FLC,
    product_kind=ProductKind.DRC,
    unit=SkyUnit.ELECTRON,
    bunit="ELECTRONS",
    idctab="4bb1536oj",
    chips=(
        ChipModel(
            extver=1,
            ccdchip=2,
            naxis=(4096, 2048),
            crpix=(2048.0, 1024.0),
            centre_arcsec=(-2.004368308, 51.943113520),
            cd_arcsec=(0.049818796837, 0.001834223731, -0.001611442078, -0.050267438965),
            sip=WFC2_SIP,
        ),
        ChipModel(
            extver=2,
            ccdchip=1,
            naxis=(4096, 2048),
            crpix=(2048.0, 1024.0),
            centre_arcsec=(2.004368308, -51.943113520),
            cd_arcsec=(0.049212178927, 0.002144753293, -0.002251634546, -0.048577239312),
            sip=WFC1_SIP,
        ),
    ),
    gap_pix=50.0,
    psf=((0.84, 0.78), (0.16, 2.0)),
    filters={
        "F606W": Photometry(7.9064521e-20, 5917.6797, 672.31146),
        "F814W": Photometry(7.048638e-20, 8044.9937, 653.05701),
        "F435W": Photometry(3.1069043e-19, 4329.1597, 298.98236),
    },
    wheels={"F606W": 1, "F814W": 2, "F435W": 2},
    default_filter="F606W",
    exptime_s=60.0,
    read_noise_e=4.3,
    brightest_e=2.0e5,
    colour_mag=(0.1, 0.1),
    sky_range=(40.0, 110.0),
    nebula=40.0,
    radiation=_CCD_RADIATION,
    full_well_e=84_700.0,
)

_DETECTORS = {camera.name: camera for camera in (_IR, _UVIS, _WFC)}


def detector(name: SimDetector, size: int | None = None) -> Detector:
    """A detector, whole or its central part.

    Raises
    ------
    UsageError
        When ``size`` is larger than the detector.
    """
    return _DETECTORS[name].resized(size)
