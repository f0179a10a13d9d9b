"""A simulated field as MAST describes it: observations and products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skydb.simulate.archive.generated import association_table, log_text, preview, raw_image
from skydb.simulate.truth import ChipTruth, ExposureTruth, FieldTruth, VisitTruth

#: First of the numbers that MAST gives to observations.
_FIRST_OBSID = 24_100_000
#: The HAP observation of a visit has its number plus this.
_HAP_OFFSET = 500_000

_DESCRIPTIONS = {
    "FLT": "DADS FLT file - Calibrated exposure",
    "FLC": "DADS FLC file - CTE corrected calibrated exposure",
    "DRZ": "DADS DRZ file - Calibrated combined image",
    "DRC": "DADS DRC file - CTE corrected calibrated combined image",
    "RAW": "DADS RAW file - Raw exposure",
    "ASN": "DADS ASN file - Association table",
    "LOG": "HAP processing log",
    "": "Preview",
}
_CALIBRATED, _COMBINED = ("FLT", "FLC"), ("DRZ", "DRC")


@dataclass(frozen=True, slots=True)
class Setup:
    """Properties of a field that are in its headers and not in its truth."""

    proposal_id: str
    target: str
    instrument: str
    pi: str
    detector: str
    filters: str
    exptime_s: float

    @classmethod
    def read(cls, truth: FieldTruth, directory: Path) -> Setup:
        """Read them from the primary header of the first exposure."""
        from astropy.io import fits

        header = fits.getheader(directory / truth.exposures[0].path)
        return cls(
            str(header["PROPOSID"]),
            header["TARGNAME"],
            header["INSTRUME"],
            header["PR_INV_L"],
            header["DETECTOR"],
            truth.filter,
            float(header["EXPTIME"]),
        )

    @property
    def pipeline(self) -> str:
        """``CALWF3`` or ``CALACS``."""
        return "CAL" + self.instrument.replace("WFC3", "WF3")

    def hap_id(self, visit: VisitTruth, rootname: str = "") -> str:
        """``hst_12812_50_wfc3_ir_f160w_ibxl50``, with two letters more for an exposure."""
        parts = ("hst", self.proposal_id, visit.visit, self.instrument, self.detector, self.filters)
        end = rootname[:8] if rootname else visit.asn_id[:6]
        return "_".join((*parts, end)).lower()


@dataclass(frozen=True, slots=True)
class Describer:
    """Rows for the observations and products of a field.

    Parameters
    ----------
    truth : FieldTruth
    setup : Setup
    directory : Path
        Where the files are: only those that exist are products.
    """

    truth: FieldTruth
    setup: Setup
    directory: Path

    def observations(self) -> Iterator[dict[str, Any]]:
        """Two rows a visit: the pipeline's association, and the HAP's single visit mosaic."""
        for index, visit in enumerate(self.truth.visits):
            obsid = _FIRST_OBSID + 100 * index
            yield self._observation(visit, obsid, visit.asn_id, "HST", self.setup.pipeline)
            hap = self.setup.hap_id(visit)
            yield self._observation(visit, obsid + _HAP_OFFSET, hap, "HAP", "HAP-SVM")

    def products(self) -> Iterator[tuple[dict[str, Any], Path | bytes]]:
        """List row and file of each product; a HAP product is listed by both observations."""
        for index, visit in enumerate(self.truth.visits):
            obsid = _FIRST_OBSID + 100 * index
            yield from self._of_visit(visit, obsid)
            for row, source in self._hap_of_visit(visit, obsid + _HAP_OFFSET):
                yield {**row, "parent_obsid": str(obsid)}, source
                yield row, source

    def _members(self, visit: VisitTruth) -> list[ExposureTruth]:
        return [self.truth.exposure(rootname) for rootname in visit.members]

    def _observation(
        self, visit: VisitTruth, obsid: int, obs_id: str, project: str, provenance: str
    ) -> dict[str, Any]:
        members = self._members(visit)
        chip = members[0].chips[0]
        times = [_mjd(one.epoch) for one in members]
        return {
            "intentType": "science",
            "obs_collection": "HST",
            "provenance_name": provenance,
            "instrument_name": f"{self.setup.instrument}/{self.setup.detector}",
            "project": project,
            "filters": self.setup.filters,
            "wavelength_region": "INFRARED" if self.setup.detector == "IR" else "OPTICAL",
            "target_name": self.setup.target,
            "target_classification": "",
            "obs_id": obs_id,
            "s_ra": chip.crval[0],
            "s_dec": chip.crval[1],
            "proposal_id": self.setup.proposal_id,
            "proposal_pi": self.setup.pi,
            "obs_title": f"Simulated field {self.truth.field}",
            "dataproduct_type": "image",
            "calib_level": 3,
            "t_min": min(times),
            "t_max": max(times),
            "t_exptime": self.setup.exptime_s * len(members),
            "t_obs_release": max(times),
            "proposal_type": "GO",
            "s_region": _s_region(members),
            "dataRights": "PUBLIC",
            "mtFlag": False,
            "obsid": str(obsid),
            "objID": str(obsid),
        }

    def _of_visit(
        self, visit: VisitTruth, obsid: int
    ) -> Iterator[tuple[dict[str, Any], Path | bytes]]:
        pipeline = self.setup.pipeline
        for number, exposure in enumerate(self._members(visit), start=1):
            own = {"obs_id": exposure.rootname, "obsID": obsid + number, "parent_obsid": obsid}
            group = exposure.path.partition("_")[2][:3].upper()
            yield self._row(exposure.path, group, pipeline, own), self.directory / exposure.path
            raw = f"{exposure.rootname}_raw.fits"
            yield self._row(raw, "RAW", pipeline, own), raw_image(exposure.rootname)
        own = {"obs_id": visit.asn_id, "obsID": obsid, "parent_obsid": obsid}
        table = f"{visit.asn_id}_asn.fits"
        yield self._row(table, "ASN", pipeline, own), association_table(visit)
        if visit.product is not None and (path := self.directory / visit.product).exists():
            yield self._row(path.name, path.stem[-3:].upper(), pipeline, own), path
            picture = f"{path.stem}.jpg"
            yield self._row(picture, "", pipeline, own), preview(visit.asn_id)

    def _hap_of_visit(
        self, visit: VisitTruth, obsid: int
    ) -> Iterator[tuple[dict[str, Any], Path | bytes]]:
        for number, exposure in enumerate(self._members(visit), start=1):
            hap = self.setup.hap_id(visit, exposure.rootname)
            own = {"obs_id": hap, "obsID": obsid + number, "parent_obsid": obsid}
            name = f"{hap}_{exposure.path.partition('_')[2]}"
            group = name[-8:-5].upper()
            yield self._row(name, group, "HAP-SVM", own), self.directory / exposure.path
        hap = self.setup.hap_id(visit)
        own = {"obs_id": hap, "obsID": obsid, "parent_obsid": obsid}
        yield self._row(f"{hap}_trl.log", "LOG", "HAP-SVM", own), log_text(visit)
        if visit.product is not None and (path := self.directory / visit.product).exists():
            name = f"{hap}_{path.stem[-3:]}.fits"
            yield self._row(name, path.stem[-3:].upper(), "HAP-SVM", own), path

    def _row(self, name: str, group: str, project: str, own: Mapping[str, Any]) -> dict[str, Any]:
        is_science = group in (*_CALIBRATED, *_COMBINED, "RAW")
        return {
            "obsID": str(own["obsID"]),
            "obs_collection": "HST",
            "dataproduct_type": "image",
            "obs_id": own["obs_id"],
            "description": _DESCRIPTIONS[group],
            "type": "S" if group in (*_CALIBRATED, "RAW") else "D",
            "dataURI": f"mast:HST/product/{name}",
            "productType": "SCIENCE" if is_science else "AUXILIARY" if group else "PREVIEW",
            "productGroupDescription": "Minimum Recommended Products"
            if group in _COMBINED
            else None,
            "productSubGroupDescription": group or None,
            "productDocumentationURL": None,
            "project": project,
            "prvversion": "HSTDP 2023_3",
            "proposal_id": self.setup.proposal_id,
            "productFilename": name,
            "parent_obsid": str(own["parent_obsid"]),
            "dataRights": "PUBLIC",
            "calib_level": {"RAW": 1, "FLT": 2, "FLC": 2}.get(group, 3),
            "filters": self.setup.filters,
        }


def _mjd(year: float) -> float:
    """Modified Julian Date of a decimal (Julian) year."""
    return 51544.5 + (year - 2000.0) * 365.25


def _s_region(members: Sequence[ExposureTruth]) -> str:
    """Chips of the first exposure as STC-S polygons."""
    return " ".join(f"POLYGON ICRS {_corners(chip)}" for chip in members[0].chips)


def _corners(chip: ChipTruth) -> str:
    import numpy as np

    nx, ny = chip.naxis
    cd = np.reshape(chip.cd, (2, 2))
    pixels = np.array([(0.5, 0.5), (nx + 0.5, 0.5), (nx + 0.5, ny + 0.5), (0.5, ny + 0.5)])
    east, north = cd @ (pixels - np.array(chip.crpix)).T
    ra = chip.crval[0] + east / np.cos(np.radians(chip.crval[1]))
    return " ".join(f"{a:.8f} {d:.8f}" for a, d in zip(ra, chip.crval[1] + north, strict=True))
