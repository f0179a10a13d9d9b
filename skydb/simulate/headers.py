"""FITS headers of a simulated exposure, with the WCS history the archive leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from skydb.simulate import cards
from skydb.simulate.detectors import Detector
from skydb.simulate.geometry import ChipModel, LinearWcs, Sip, sky_position
from skydb.simulate.plan import FieldPlan
from skydb.simulate.schedule import Alignment, Exposure, Visit

if TYPE_CHECKING:
    from astropy.io.fits import Header

_MAS_PER_DEG = 3.6e6

_WCS_TYPES = {
    Alignment.GAIA_FIT: "undistorted a posteriori solution relatively aligned to GAIAEDR3",
    Alignment.GSC_FIT: "undistorted a posteriori solution relatively aligned to GSC242",
    Alignment.A_PRIORI: "undistorted a priori solution based on GSC240",
}


@dataclass(frozen=True, slots=True)
class HeaderWriter:
    """Headers of the exposures of one plan."""

    plan: FieldPlan
    detector: Detector

    @property
    def filter_name(self) -> str:
        """FILTER of the plan or the detector's default."""
        return self.plan.filter_name or self.detector.default_filter

    def file_name(self, exposure: Exposure) -> str:
        """``<rootname>_flt.fits`` or ``_flc.fits``."""
        return f"{exposure.rootname}_{self.detector.kind}.fits"

    def wcs_name(self, visit: Visit) -> str:
        """WCSNAME of the primary WCS."""
        return f"IDC_{self.detector.idctab}-{visit.alignment}"

    def primary(self, visit: Visit, exposure: Exposure) -> Header:
        """Primary header."""
        header = _header(cards.COMMON + cards.PRIMARY[self.detector.name])
        header["FILENAME"] = (self.file_name(exposure), "name of file")
        header["ROOTNAME"] = (exposure.rootname, "rootname of the observation set")
        self._add_target(header, visit, exposure)
        self._add_times(header, exposure)
        header["DETECTOR"] = (str(self.detector.name), "detector in use")
        for card, element in self.detector.filter_cards(self.filter_name).items():
            header[card] = (element, "element selected from filter wheel")
        self._add_photometry(header)
        header["ASN_ID"] = (visit.asn_id.upper(), "unique identifier assigned to association")
        header["ASN_TAB"] = (f"{visit.asn_id}_asn.fits", "name of the association table")
        header["ASN_MTYP"] = ("EXP-DTH", "Role of the Member in the Association")
        sip = f"{exposure.rootname}_{self.detector.idctab}"
        header["DISTNAME"] = (f"{sip}-NOMODEL-NOMODEL", "Distortion model name")
        header["SIPNAME"] = (sip, "origin of SIP polynomial distortion model")
        return _fitted(header)

    def science(self, visit: Visit, exposure: Exposure, chip: ChipModel) -> Header:
        """Header of a SCI extension, all WCS solutions included."""
        claimed = chip.wcs(exposure.header_attitude, exposure.velocity_scale)
        unaligned = chip.wcs(exposure.unaligned_attitude, exposure.velocity_scale)
        header = self._extension("SCI", exposure, chip, self.detector.bunit)
        header.extend(_header(cards.SCIENCE), end=True)
        header.extend(_header(cards.CHIP[self.detector.name, chip.extver]), end=True)
        self._add_photometry(header)
        self._add_chip(header, exposure, chip, claimed)
        _add_linear(header, unaligned, "O", "OPUS", sip=False)
        header["IDCTAB"] = "N/A"
        header["MDRIZSKY"] = (0.0, "Sky value computed by AstroDrizzle")
        _add_linear(header, unaligned, "A", f"IDC_{self.detector.idctab}", sip=True)
        _add_linear(header, claimed, "", self.wcs_name(visit), sip=True)
        _add_sip(header, chip.sip)
        self._add_solution(header, visit, exposure)
        return _fitted(header)

    def companion(self, name: str, exposure: Exposure, chip: ChipModel, bunit: str) -> Header:
        """Header of an ERR, DQ, SAMP or TIME extension: only the unaligned linear WCS."""
        header = self._extension(name, exposure, chip, bunit)
        unaligned = chip.wcs(exposure.unaligned_attitude, exposure.velocity_scale)
        _add_linear(header, unaligned, "", f"IDC_{self.detector.idctab}", sip=False)
        return _fitted(header)

    def _extension(self, name: str, exposure: Exposure, chip: ChipModel, bunit: str) -> Header:
        header = _header((("INHERIT", True, "inherit the primary header"),))
        header["EXTNAME"] = (name, "extension name")
        header["EXTVER"] = (chip.extver, "extension version number")
        header["ROOTNAME"] = (exposure.rootname, "rootname of the observation set")
        header["EXPNAME"] = (exposure.rootname, "exposure identifier")
        header["BUNIT"] = (bunit, "brightness units")
        if len(self.detector.chips) > 1:
            header["CCDCHIP"] = (chip.ccdchip, "CCD chip (1 or 2)")
        return header

    def _add_target(self, header: Header, visit: Visit, exposure: Exposure) -> None:
        ra, dec = visit.target_deg
        header["TARGNAME"] = (self.plan.target, "proposer's target name")
        header["RA_TARG"] = (ra, "right ascension of the target (deg) (J2000)")
        header["DEC_TARG"] = (dec, "declination of the target (deg) (J2000)")
        header["PROPOSID"] = (self.plan.proposal_id, "PEP proposal identifier")
        line = f"{visit.number.upper()}.{exposure.index + 1:03d}"
        header["LINENUM"] = (line, "proposal logsheet line number")
        header["PA_V3"] = (self.plan.pa_v3_deg, "position angle of V3-axis of HST (deg)")
        header["POSTARG1"] = (exposure.postarg_arcsec[0], "POSTARG in axis 1 direction")
        header["POSTARG2"] = (exposure.postarg_arcsec[1], "POSTARG in axis 2 direction")

    def _add_times(self, header: Header, exposure: Exposure) -> None:
        start = datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=exposure.start_mjd)
        end_mjd = exposure.start_mjd + exposure.exptime_s / 86400.0
        header["DATE-OBS"] = (f"{start:%Y-%m-%d}", "UT date of start of observation (yyyy-mm-dd)")
        header["TIME-OBS"] = (f"{start:%H:%M:%S}", "UT time of start of observation (hh:mm:ss)")
        header["EXPSTART"] = (exposure.start_mjd, "exposure start time (Modified Julian Date)")
        header["EXPEND"] = (end_mjd, "exposure end time (Modified Julian Date)")
        header["EXPTIME"] = (exposure.exptime_s, "exposure duration (seconds)--calculated")

    def _add_photometry(self, header: Header) -> None:
        photometry = self.detector.photometry(self.filter_name)
        mode = f"{self.detector.instrument} {self.detector.channel} {self.filter_name}"
        header["PHOTMODE"] = (mode, "Observation configuration")
        header["PHOTFLAM"] = (photometry.photflam, "Inverse sensitivity, ergs/cm2/A/e-")
        header["PHOTFNU"] = (photometry.photfnu, "Inverse sensitivity, Jy*sec/e-")
        header["PHOTZPT"] = (-21.1, "ST magnitude zero point")
        header["PHOTPLAM"] = (photometry.photplam, "Pivot wavelength (Angstroms)")
        header["PHOTBW"] = (photometry.photbw, "RMS bandwidth of filter plus detector")

    def _add_chip(
        self, header: Header, exposure: Exposure, chip: ChipModel, claimed: LinearWcs
    ) -> None:
        ra, dec = sky_position(exposure.header_attitude[:, 0])
        header["VAFACTOR"] = (exposure.velocity_scale, "velocity aberration plate scale factor")
        header["ORIENTAT"] = (claimed.orientat_deg, "position angle of image y axis (deg. e of n)")
        header["PA_APER"] = (claimed.orientat_deg, "Position Angle of reference aperture center")
        header["RA_APER"] = (float(ra), "RA of aperture reference position")
        header["DEC_APER"] = (float(dec), "DEC of aperture reference position")
        header["SIZAXIS1"] = (chip.naxis[0], "subarray axis1 size in unbinned detector pixels")
        header["SIZAXIS2"] = (chip.naxis[1], "subarray axis2 size in unbinned detector pixels")
        header["IDCXREF"] = (chip.crpix[0], "reference pixel location in X")
        header["IDCYREF"] = (chip.crpix[1], "reference pixel location in Y")
        header["RADESYS"] = ("ICRS", "Equatorial coordinate system")
        corners = chip.outline(claimed, chip.sip)
        region = " ".join(f"{a} {d}" for a, d in [*corners, corners[0]])
        header["S_REGION"] = f"POLYGON ICRS {region}"

    def _add_solution(self, header: Header, visit: Visit, exposure: Exposure) -> None:
        """Add the pipeline's primary WCS; "no value" in both archive manners."""
        header["WCSTYPE"] = _WCS_TYPES[visit.alignment]
        header["WCSTYPEA"] = "undistorted not aligned"
        header["WCSTYPEO"] = "pipeline default not aligned"
        name = f"{exposure.rootname}_{self.detector.kind}_{self.wcs_name(visit)}"
        header["HDRNAME"] = f"{name}-hlet.fits"
        _add_fit_quality(header, visit)


def _add_fit_quality(header: Header, visit: Visit) -> None:
    """NMATCHES and RMS_RA, RMS_DEC in mas; unfitted visits have -1 or nothing."""
    if visit.rms_mas is None:
        # One visit of four is unfitted; every other one of those says so.
        if visit.index // 4 % 2 == 0:
            header["RMS_RA"] = (-1.0, "RMS in RA of WCS fit(mas)")
            header["RMS_DEC"] = (-1.0, "RMS in Dec of WCS fit(mas)")
            header["NMATCHES"] = -1
        return
    rms_ra, rms_dec = visit.rms_mas
    header["CRDER1"] = (rms_ra / _MAS_PER_DEG, "RMS in RA of WCS fit(deg)")
    header["CRDER2"] = (rms_dec / _MAS_PER_DEG, "RMS in Dec of WCS fit(deg)")
    header["RMS_RA"] = (rms_ra, "RMS in RA of WCS fit(mas)")
    header["RMS_DEC"] = (rms_dec, "RMS in Dec of WCS fit(mas)")
    header["NMATCHES"] = visit.nmatches
    header["FITGEOM"] = "rscale"


def _header(template: tuple[cards.Card, ...]) -> Header:
    from astropy.io.fits import Header

    return Header([card for card in template])


def _fitted(header: Header) -> Header:
    """The header with comments cut to what a card of 80 characters has room for."""
    from astropy.io.fits import Card

    for card in header.cards:
        room = 77 - len(Card(card.keyword, card.value).image.rstrip())
        if card.comment and len(card.comment) > room:
            header.comments[card.keyword] = card.comment[: max(room, 0)]
    return header


def _add_linear(header: Header, wcs: LinearWcs, key: str, name: str, *, sip: bool) -> None:
    suffix = "-SIP" if sip else ""
    header[f"WCSNAME{key}"] = (name, "Coordinate system title")
    header[f"WCSAXES{key}"] = (2, "Number of coordinate axes")
    header[f"CRPIX1{key}"] = (wcs.crpix[0], "Pixel coordinate of reference point")
    header[f"CRPIX2{key}"] = (wcs.crpix[1], "Pixel coordinate of reference point")
    header[f"CUNIT1{key}"] = ("deg", "Units of coordinate increment and value")
    header[f"CUNIT2{key}"] = ("deg", "Units of coordinate increment and value")
    header[f"CTYPE1{key}"] = (f"RA---TAN{suffix}", "Right ascension, gnomonic projection")
    header[f"CTYPE2{key}"] = (f"DEC--TAN{suffix}", "Declination, gnomonic projection")
    header[f"CRVAL1{key}"] = (wcs.crval[0], "[deg] Coordinate value at reference point")
    header[f"CRVAL2{key}"] = (wcs.crval[1], "[deg] Coordinate value at reference point")
    header[f"RADESYS{key}"] = ("ICRS", "Equatorial coordinate system")
    for keyword, value in zip(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), wcs.cd, strict=True):
        header[f"{keyword}{key}"] = (value, "partial of world coordinate w.r.t. pixel")


def _add_sip(header: Header, sip: Sip) -> None:
    for axis, letter, terms in ((0, "A", sip.a), (1, "B", sip.b)):
        note = f"SIP polynomial order, axis {axis}, detector to sky"
        header[f"{letter}_ORDER"] = (sip.order, note)
        for (p, q), value in terms.items():
            header[f"{letter}_{p}_{q}"] = (value, "SIP distortion coefficient")
