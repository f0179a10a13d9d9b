"""Value objects: facts read from files, compared by value, valid without a database.

They distinguish unknown (``None``) from empty and carry units in their names.
:mod:`skydb.files` makes them and the entities take them in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from skydb.domain.condition import Condition
from skydb.domain.members import MemberWcs
from skydb.domain.vocabulary import Flavour, ProductKind, SkyUnit, WcsKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: TweakBack's alternates have no room for a longer name.
_LONGEST_WCSNAME = 40

#: Length that is kept of a distortion's name, so that the catalogue's has room too.
_LONGEST_DISTORTION = 20

_ROOTNAME = re.compile(r"[a-z0-9]{9}")

#: The lengths are those of the columns; no pipeline uses as many characters.
_WCSNAME = re.compile(
    r"IDC_(?P<distortion>[^-]{1,40})"
    r"(-FIT_(?P<scope>[^_]{0,16})(_(?P<catalog>.{1,40}))?|-(?!FIT_)(?P<correction>.{1,40}))?",
    re.IGNORECASE | re.DOTALL,
)

#: Plate scales in arcsec per pixel, from the WFC3, ACS, WFPC2, NICMOS and STIS
#: instrument handbooks; used only to turn an RMS in mas into pixels.
PLATE_SCALES_ARCSEC: dict[tuple[str, str], float] = {
    ("WFC3", "IR"): 0.1283,
    ("WFC3", "UVIS"): 0.0396,
    ("ACS", "WFC"): 0.05,
    ("ACS", "HRC"): 0.0265,
    ("ACS", "SBC"): 0.032,
    ("WFPC2", "WFPC2"): 0.0996,
    ("NICMOS", "NIC1"): 0.0432,
    ("NICMOS", "NIC2"): 0.0757,
    ("NICMOS", "NIC3"): 0.2,
    ("STIS", "CCD"): 0.0507,
    ("STIS", "NUV-MAMA"): 0.0246,
    ("STIS", "FUV-MAMA"): 0.0246,
}


def julian_epoch(mjd: float) -> float:
    """Julian epoch of a date."""
    return 2000.0 + (mjd - 51544.5) / 365.25


def plate_scale_arcsec(instrument: str, detector: str) -> float | None:
    """Nominal plate scale of a detector in arcsec per pixel, or None when unknown."""
    return PLATE_SCALES_ARCSEC.get((instrument.upper(), detector.upper()))


@dataclass(frozen=True, slots=True)
class Rootname:
    """An HST rootname ``ipppssoot``: instrument, program, visit, exposure, type.

    Source: HST data handbooks, "HST file names".

    Raises
    ------
    ValueError
        When the text is not nine letters or digits.
    """

    text: str

    def __post_init__(self) -> None:
        if not _ROOTNAME.fullmatch(self.text):
            raise ValueError(f"{self.text!r} is not a rootname of nine lower-case characters.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Rootname from a header value: padding and capitals are forgiven."""
        return cls(text.strip().lower())

    @property
    def program(self) -> str:
        """Three characters that stand for the proposal, e.g. ``bxl``."""
        return self.text[1:4]

    @property
    def visit_number(self) -> str:
        """Two characters of the visit (observation set), e.g. ``50``."""
        return self.text[4:6]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class WcsName:
    """A WCSNAME kept verbatim and also parsed.

    ``IDC_w3m18525i-FIT_REL_GAIAeDR3`` has distortion ``w3m18525i``, kind FIT,
    scope ``REL`` and catalogue ``GAIAeDR3`` (DrizzlePac Handbook, section 4.5).
    """

    text: str
    kind: WcsKind
    distortion: str | None = None
    scope: str | None = None
    catalog: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Understand a WCSNAME; a name that follows no convention is of kind USER."""
        verbatim = text.strip()
        if verbatim.upper().startswith("OPUS"):
            return cls(verbatim, WcsKind.PIPELINE)
        match = _WCSNAME.fullmatch(verbatim)
        if match is None:
            return cls(verbatim, WcsKind.USER)
        distortion, scope = match["distortion"], match["scope"]
        if scope is not None:
            return cls(verbatim, WcsKind.FIT, distortion, scope, match["catalog"])
        kind = WcsKind.A_PRIORI if match["correction"] else WcsKind.DISTORTION
        return cls(verbatim, kind, distortion, None, match["correction"])

    @classmethod
    def fitted_by_skydb(cls, original: WcsName, catalog: str) -> Self:
        """Name of a solution that skydb fitted: ``IDC_xxx-FIT_SKYDB_<catalogue>``."""
        base = _plain(original.distortion or "")[:_LONGEST_DISTORTION] or "unknown"
        label = _plain(catalog) or "catalog"
        return cls.parse(f"IDC_{base}-FIT_SKYDB_{label}"[:_LONGEST_WCSNAME])

    @property
    def is_of_skydb(self) -> bool:
        """Whether it names a solution that skydb fitted."""
        return self.scope == "SKYDB"

    def __str__(self) -> str:
        return self.text


#: Fewest matches for a reliable fit of each geometry. The values for ``rscale`` and ``general``
#: are those of the Hubble Advanced Products pipeline, which accepts no fit with fewer than 4
#: matches; ``shift`` and ``rshift`` want one to spare, which the jackknife can leave out. The
#: roll of a pointing is so small that it gives chance no more room than a shift does.
MATCHES_WANTED: dict[str, int] = {"shift": 5, "rshift": 5, "rscale": 12, "general": 25}


@dataclass(frozen=True, slots=True)
class FitQuality:
    """Quality of a fitted WCS; None is "no value", never -1 or NaN."""

    nmatches: int | None = None
    rms_ra_mas: float | None = None
    rms_dec_mas: float | None = None
    fit_geometry: str | None = None


def is_mirrored(cd_deg: tuple[float, float, float, float]) -> bool:
    """Whether a CD matrix, row by row, has east to the right where north is up."""
    cd11, cd12, cd21, cd22 = cd_deg
    return cd11 * cd22 - cd12 * cd21 > 0


@dataclass(frozen=True, slots=True)
class ChipGeometry:
    """Linear WCS and sky footprint of one chip (SCI extension).

    Parameters
    ----------
    extver : int
        EXTVER of the SCI extension.
    naxis_pix : tuple of int
        (NAXIS1, NAXIS2).
    crpix_pix, crval_deg : tuple of float
        Reference pixel (FITS convention) and its ICRS position.
    cd_deg : tuple of float
        CD1_1, CD1_2, CD2_1, CD2_2 in degrees per pixel.
    polygon_deg : tuple of (float, float)
        ICRS vertices of the distorted outline, not closed, several a side.
    ccdchip : int or None
        CCDCHIP, which counts the other way round than EXTVER.
    """

    extver: int
    naxis_pix: tuple[int, int]
    crpix_pix: tuple[float, float]
    crval_deg: tuple[float, float]
    cd_deg: tuple[float, float, float, float]
    polygon_deg: tuple[tuple[float, float], ...] = ()
    ccdchip: int | None = None

    @property
    def is_mirrored(self) -> bool:
        """Whether east lies to the right where north is up."""
        return is_mirrored(self.cd_deg)

    @property
    def s_region(self) -> str:
        """Footprint as an ObsCore ``s_region``: ``POLYGON ICRS ra dec ...``."""
        points = " ".join(f"{ra:.9f} {dec:.9f}" for ra, dec in self.polygon_deg)
        return f"POLYGON ICRS {points}".strip()

    @property
    def orientat_deg(self) -> float:
        """Position angle of the image y axis, degrees east of north (ORIENTAT)."""
        import numpy as np

        _, cd12, _, cd22 = self.cd_deg
        return float(np.degrees(np.arctan2(cd12, cd22)))

    def bounding_cap(self) -> tuple[NDArray[np.float64], float]:
        """Unit vector (3,) and angular radius in degrees of a cap around the footprint."""
        import numpy as np

        corners = unit_vectors(np.asarray(self.polygon_deg or [self.crval_deg], dtype=float))
        centre = corners.mean(axis=0)
        centre /= np.linalg.norm(centre)
        chords = np.linalg.norm(corners - centre, axis=1)
        return centre, float(np.degrees(2 * np.arcsin(chords.max() / 2)))


@dataclass(frozen=True, slots=True)
class WcsFacts:
    """One WCS over all chips: primary (key ``" "``), alternate, or of a headerlet (no key)."""

    key: str
    name: WcsName
    chips: tuple[ChipGeometry, ...]
    wcs_type: str | None = None
    hdr_name: str | None = None
    quality: FitQuality = field(default_factory=FitQuality)
    rms_unit_known: bool = True
    """False when the header contradicts itself on the unit of its RMS."""


@dataclass(frozen=True, slots=True)
class ExposureFacts:
    """Facts of one exposure from its primary header (HST keyword dictionary)."""

    rootname: Rootname
    proposal_id: int
    instrument: str
    detector: str
    filters: str
    exptime_s: float
    expstart_mjd: float | None = None
    expend_mjd: float | None = None
    date_obs: str | None = None
    target_name: str | None = None
    ra_targ_deg: float | None = None
    dec_targ_deg: float | None = None
    pa_v3_deg: float | None = None
    aperture: str | None = None
    asn_id: str | None = None
    postarg1_arcsec: float | None = None
    postarg2_arcsec: float | None = None


@dataclass(frozen=True, slots=True)
class ChipSky:
    """MDRIZSKY found in a header, in the unit of the image."""

    extver: int
    mdrizsky: float | None
    unit: SkyUnit | None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """All facts of one FITS file.

    ``facts`` describes the exposure (FLT, FLC...) or, for a drizzled product,
    the first of the ``members`` that made it, under the product's own rootname.
    ``solutions`` stand in its headers, ``headerlets`` are those that only a headerlet has;
    ``flaws`` are sentences on parts of the file that were left out, ``doubts`` on values that
    cannot be right, such as a wrong checksum. ``header_filename`` and
    ``header_rootname`` are FILENAME and ROOTNAME as they stand; ``idctab_date`` is the ISO
    date in the name of the distortion table; ``member_wcs`` has a row for each chip drizzled,
    and ``condition`` is the quality of the exposure. ``dq_sha256`` is the checksum of the file
    that holds its flags, when that is another one.
    """

    path: Path
    kind: ProductKind
    size_bytes: int
    facts: ExposureFacts
    solutions: tuple[WcsFacts, ...]
    skies: tuple[ChipSky, ...] = ()
    members: tuple[str, ...] = ()
    sha256: str = ""
    cal_ver: str | None = None
    idctab: str | None = None
    date_written: str | None = None
    tool_version: str | None = None
    headerlets: tuple[WcsFacts, ...] = ()
    flaws: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    flavour: Flavour = Flavour.PIPELINE
    header_filename: str | None = None
    header_rootname: str | None = None
    opus_ver: str | None = None
    idctab_date: str | None = None
    member_wcs: tuple[MemberWcs, ...] = ()
    condition: Condition = field(default_factory=Condition)
    dq_sha256: str | None = None

    @property
    def primary(self) -> WcsFacts:
        """The active WCS.

        Raises
        ------
        LookupError
            When the file has no primary WCS.
        """
        for solution in self.solutions:
            if solution.key == " ":
                return solution
        raise LookupError(f"{self.path.name} has no primary WCS.")

    def with_checksum(self, sha256: str) -> Self:
        """The same facts, with the checksum of the bytes they were read from."""
        return replace(self, sha256=sha256)


def _plain(text: str) -> str:
    """Keep the characters of a text that FITS cards and names allow."""
    return re.sub(r"[^A-Za-z0-9.]+", "", text)


def unit_vectors(radec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors (N, 3) of ICRS positions (N, 2) in degrees."""
    import numpy as np

    ra, dec = np.radians(radec_deg[:, 0]), np.radians(radec_deg[:, 1])
    return np.column_stack((np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)))


@dataclass(frozen=True, slots=True)
class FitParameters:
    """Linear fit of TweakReg in the frame of its reference image (shift file)."""

    dx_pix: float
    dy_pix: float
    rotation_deg: float
    scale: float
    x_rms_pix: float
    y_rms_pix: float


@dataclass(frozen=True, slots=True)
class Realised:
    """Predicted and measured shift of one exposure on a grid of its pixels, in mas.

    ``residual_mas`` is the largest separation, over the grid, between where a
    pixel should have gone and where it went.
    """

    predicted_mas: float
    realised_mas: float
    residual_mas: float


@dataclass(frozen=True)  # without slots: thousands of them go from one process to another
class SkyLevel:
    """MDRIZSKY of one chip after a run, in the unit of its image.

    The value is None for an exposure that matched nothing and so got none, the unit
    when BUNIT does not say. The sigma, against the zero of the value, is None where
    it was not measured. ``cr_masked_pix`` counts the pixels that driz_cr masked, and is
    None when it did not run.
    """

    rootname: str
    extver: int
    mdrizsky: float | None
    unit: SkyUnit | None
    sigma: float | None = None
    cr_masked_pix: int | None = None
