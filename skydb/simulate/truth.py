"""Input of a simulated field, kept as ``truth.json`` beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from skydb.domain.vocabulary import SkyUnit
from skydb.errors import NotFoundError, ParseError
from skydb.simulate.plan import SimDetector

#: Name of the truth file in a field's directory.
TRUTH_NAME = "truth.json"


@dataclass(frozen=True, slots=True)
class ChipTruth:
    """True linear WCS of one chip; the SIP polynomial is the header's.

    ``crpix`` counts from 1, ``crval`` is ICRS in degrees, ``cd`` is CD1_1, CD1_2,
    CD2_1, CD2_2 in degrees a pixel.
    """

    extver: int
    ccdchip: int
    naxis: tuple[int, int]
    crpix: tuple[float, float]
    crval: tuple[float, float]
    cd: tuple[float, float, float, float]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of ``dataclasses.asdict``."""
        tuples = {key: tuple(data[key]) for key in ("naxis", "crpix", "crval", "cd")}
        return cls(extver=data["extver"], ccdchip=data["ccdchip"], **tuples)


@dataclass(frozen=True, slots=True)
class ExposureTruth:
    """True sky and pointing of one exposure.

    ``sky`` is the constant level on every chip, in ``sky_unit``, or that of the middle of
    the detector where ``sky_gradient`` changes it along x and y; the pointing error
    is the header's boresight minus the true one: ``dx_arcsec`` to the east,
    ``dy_arcsec`` to the north. ``path`` is relative to the field's directory, and so is
    ``crmask``, the mask of the cosmic rays of a field that has them.
    """

    rootname: str
    path: str
    visit: str
    island: int
    epoch: float
    sky: float
    sky_unit: SkyUnit
    pointing_error_arcsec: float
    dx_arcsec: float
    dy_arcsec: float
    roll_error_deg: float
    chips: tuple[ChipTruth, ...]
    crmask: str | None = None
    sky_gradient: tuple[float, float] | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of ``dataclasses.asdict``."""
        chips = tuple(ChipTruth.from_json(chip) for chip in data["chips"])
        gradient = data.get("sky_gradient")
        parts: dict[str, Any] = {
            "chips": chips,
            "sky_unit": SkyUnit(data["sky_unit"]),
            "sky_gradient": None if gradient is None else tuple(gradient),
        }
        return cls(**{**_known(cls, data), **parts})


@dataclass(frozen=True, slots=True)
class VisitTruth:
    """One visit: its sky, and what the archive's header says of its WCS."""

    visit: str
    island: int
    asn_id: str
    sky: float
    wcs_name: str
    nmatches: int | None
    rms_ra_mas: float | None
    rms_dec_mas: float | None
    members: tuple[str, ...]
    product: str | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of ``dataclasses.asdict``."""
        return cls(**{**_known(cls, data), "members": tuple(data["members"])})


@dataclass(frozen=True, slots=True)
class FieldTruth:
    """Everything that was put into a field.

    ``catalog`` has Gaia's positions at 2016.0, ``refcat`` the same stars moved to
    ``epoch``, ``stars`` all of them without errors; paths are relative to the
    directory of ``truth.json``.
    """

    field: str
    seed: int
    detector: SimDetector
    filter: str
    epoch: float
    catalog: str
    refcat: str
    stars: str
    exposures: tuple[ExposureTruth, ...]
    visits: tuple[VisitTruth, ...]
    products: tuple[str, ...]

    def exposure(self, rootname: str) -> ExposureTruth:
        """Truth of one exposure.

        Raises
        ------
        NotFoundError
            When the field has no such exposure.
        """
        for exposure in self.exposures:
            if exposure.rootname == rootname:
                return exposure
        raise NotFoundError(f"{rootname} is not an exposure of field {self.field}.")

    def wcs_name_of(self, exposure: ExposureTruth) -> str:
        """WCSNAME that the header of an exposure was given."""
        return next(one.wcs_name for one in self.visits if exposure.rootname in one.members)

    def save(self, directory: Path) -> Path:
        """Write ``truth.json`` and return its path."""
        path = directory / TRUTH_NAME
        data = asdict(self)
        for exposure in data["exposures"]:
            for name in ("crmask", "sky_gradient"):
                if exposure[name] is None:
                    del exposure[name]
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read ``truth.json``, given the file or its directory.

        Raises
        ------
        NotFoundError
            When there is no such file.
        ParseError
            When it is not the truth of a field.
        """
        file = path / TRUTH_NAME if path.is_dir() else path
        try:
            return cls.from_json(json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise NotFoundError(
                f"There is no {file}.", advice="Run `skydb simulate DIR` first."
            ) from error
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise ParseError(file, 0, f"not the truth of a field ({error})") from error

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of ``dataclasses.asdict``."""
        parts: dict[str, Any] = {
            "detector": SimDetector(data["detector"]),
            "exposures": tuple(ExposureTruth.from_json(item) for item in data["exposures"]),
            "visits": tuple(VisitTruth.from_json(item) for item in data["visits"]),
            "products": tuple(data["products"]),
        }
        return cls(**{**_known(cls, data), **parts})


def _known(cls: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the dataclass's own fields: a newer file may have more, an older one less."""
    return {
        item.name: data[item.name]
        for item in fields(cls)
        if item.name in data or item.default is MISSING
    }
