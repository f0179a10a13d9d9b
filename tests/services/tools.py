"""Tiny exposures and products, and a drizzlepac that takes milliseconds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from skydb.domain.values import plate_scale_arcsec
from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.crmasks import MASKS
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.wcskeys import alternates
from skydb.errors import ToolCrashedError
from tests.files.builders import ImageBuilder, chip_cards, hdrtab

CENTRE_DEG = (85.25, -2.46)
WCS_NAME = "IDC_w3m18525i"
MEMBERS = ("ibxl50iaq", "ibxl50ibq")
PRODUCT = "ibxl50010_drz.fits"
#: What the fake fit moves a product by: RA and Dec in degrees, 54 and 36 mas.
SHIFT_DEG = (1.5e-5, -1.0e-5)
MATCHES = 30

_LINEAR = ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
_COLUMNS = ("X (reference)", "Y (reference)", "X (residual)", "Y (residual)")


def write_exposure(
    directory: Path,
    rootname: str,
    *,
    kind: str = "flt",
    centre_deg: tuple[float, float] = CENTRE_DEG,
    wcs_name: str = WCS_NAME,
    bunit: str = "ELECTRONS/S",
    **primary: object,
) -> Path:
    """A WFC3/IR exposure of a few pixels."""
    directory.mkdir(parents=True, exist_ok=True)
    name = f"{rootname}_{kind}.fits"
    scale = plate_scale_arcsec("WFC3", str(primary.get("DETECTOR", "IR"))) or 0.128
    chips = [chip_cards(centre_deg, scale, name=wcs_name)]
    builder = ImageBuilder(directory / name, chips=chips, bunit=bunit)
    builder.primary |= {"ROOTNAME": rootname, "FILENAME": name, **primary}
    return builder.write()


def write_product(
    directory: Path,
    name: str = PRODUCT,
    members: Sequence[str] = MEMBERS,
    wcs_name: str = WCS_NAME,
    *,
    centre_deg: tuple[float, float] = CENTRE_DEG,
    **primary: object,
) -> Path:
    """The drizzled product of some exposures."""
    directory.mkdir(parents=True, exist_ok=True)
    builder = ImageBuilder(
        directory / name,
        chips=[chip_cards(centre_deg, shape=(40, 44), name=wcs_name, is_rectified=True)],
        shape=(40, 44),
        companions=(),
        extra=[hdrtab(*members)],
    )
    asn = name.split("_")[0]
    builder.primary |= {"ROOTNAME": asn, "FILENAME": name, "NDRIZIM": len(members), **primary}
    return builder.write()


def write_visit(directory: Path) -> list[Path]:
    """Two exposures and their product."""
    exposures = [write_exposure(directory, member) for member in MEMBERS]
    return [*exposures, write_product(directory)]


def write_catalog(directory: Path) -> Path:
    path = directory / "gaia.csv"
    offsets = (((i % 6 - 2.5) * 2.4e-4, (i // 6 - 2) * 2.8e-4) for i in range(30))
    rows = (f"{CENTRE_DEG[0] + ra:.9f},{CENTRE_DEG[1] + dec:.9f}" for ra, dec in offsets)
    path.write_text("ra,dec\n" + "\n".join(rows) + "\n")
    return path


def checksums(paths: Iterable[Path]) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def files_below(directory: Path) -> list[str]:
    return sorted(
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    )


@dataclass
class Toolbox(DrizzlepacRunner):
    """Leaves behind what the tasks of drizzlepac would, and misbehaves when told to.

    Parameters
    ----------
    crashes : set of str
        Tasks that are killed.
    unfitted : set of str
        Products that TweakReg finds no fit for.
    strays : mapping of str to float
        Degrees of Dec that an exposure moves too far, by rootname.
    becomes : mapping of SkyMethod to SkyMethod
        What AstroDrizzle runs in place of what it is asked for.
    alone : set of str
        Exposures, by rootname, that match nothing.
    levels : mapping of str to float
        Sky of the exposures by rootname, 1 where not given.
    masked : mapping of str to int
        Usable pixels, of 1000, that driz_cr masks in exposures, 3 where not given.
    holes : int
        Pixels of a mosaic that have weight and no value.
    """

    crashes: set[str] = field(default_factory=set)
    unfitted: set[str] = field(default_factory=set)
    strays: Mapping[str, float] = field(default_factory=dict)
    becomes: Mapping[SkyMethod, SkyMethod] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)
    levels: Mapping[str, float] = field(default_factory=dict)
    masked: Mapping[str, int] = field(default_factory=dict)
    holes: int = 0
    matches: int = MATCHES
    shift_deg: tuple[float, float] = SHIFT_DEG
    ran: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(timeout_s=1.0)

    def run(self, task: str, request: Mapping[str, Any], scratch: Path) -> dict[str, object]:
        scratch.mkdir(parents=True, exist_ok=True)
        self.ran.append(task)
        log = scratch / f"{task}.log"
        log.write_text(f"This is {task}.\n")
        if task in self.crashes:
            (scratch / "litter.fits").write_bytes(b"half an image")
            raise ToolCrashedError(task, "was killed by SIGKILL", log=log)
        jobs = [getattr(self, f"_{task}")(job, scratch / job["directory"])
                for job in request["jobs"]]  # fmt: skip
        return {"jobs": jobs, "versions": {}}

    def _tweakreg(self, job: Mapping[str, Any], directory: Path) -> None:
        (name,) = job["inputs"]
        residuals = np.random.default_rng(7).normal(0.0, 0.02, (self.matches, 2))
        rms = residuals.std(axis=0)
        if name in self.unfitted:
            row = f"{name} nan nan nan nan 0.0 0.0\n"
        else:
            row = f"{name} 0.42 -0.28 0.0 1.0 {rms[0]:.6f} {rms[1]:.6f}\n"
            self._move(directory / name, self.shift_deg, job["parameters"]["wcsname"])
            with fits.open(directory / name, "update") as hdus:
                for hdu in hdus:
                    if hdu.name == "SCI":
                        hdu.header["NMATCH"] = self.matches
            match_file = directory / f"{Path(name).stem}_catalog_fit.match"
            match_file.write_text(_match_text(name, residuals))
        (directory / "shifts.txt").write_text(row)
        frame = fits.Header([("CD1_1", -3.5e-5), ("CD2_2", 3.5e-5)])
        fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(None, frame, name="WCS")]).writeto(
            directory / "shifts_wcs.fits"
        )

    def _tweakback(self, job: Mapping[str, Any], directory: Path) -> None:
        header = fits.getheader(directory / job["drizzled"], "SCI")
        key = job["original_key"]
        moved = [header[f"CRVAL{axis}"] - header[f"CRVAL{axis}{key}"] for axis in (1, 2)]
        for name in job["exposures"]:
            stray = self.strays.get(name[:9], 0.0)
            self._move(directory / name, (moved[0], moved[1] + stray), job["output_name"])

    def _move(self, path: Path, shift_deg: tuple[float, float], wcs_name: str) -> None:
        """Move the primary WCS of all chips and keep the old one as an alternate."""
        with fits.open(path, "update") as hdus:
            for hdu in hdus:
                if hdu.name == "SCI":
                    key = next(k for k in "ABCDEFGH" if k not in alternates(hdu.header))
                    for card in (*_LINEAR, "CTYPE1", "CTYPE2", "WCSNAME"):
                        hdu.header[f"{card}{key}"] = hdu.header[card]
                    hdu.header["CRVAL1"] += shift_deg[0]
                    hdu.header["CRVAL2"] += shift_deg[1]
                    hdu.header["WCSNAME"] = wcs_name

    def _astrodrizzle(self, job: Mapping[str, Any], directory: Path) -> dict[str, object]:
        if "skymethod" not in job["parameters"]:
            return self._given(job, directory)
        asked = SkyMethod(job["parameters"]["skymethod"])
        method = self.becomes.get(asked, asked)
        skies = self._skies(method, job["inputs"])
        for name, sky in skies.items():
            if sky is not None:
                fits.setval(directory / name, "MDRIZSKY", value=sky, extname="SCI")
        calls: list[dict[str, object]] = []
        log = [f"* '{n}' SKY = None (undetermined)".replace("* '", "Image '")
               for n, sky in skies.items() if sky is None]  # fmt: skip
        if method is not asked:
            calls.append({"method": asked.value, "error": "AttributeError: iter_polygons_flat"})
            log.append(f'Reverting sky computation to "localmin" from "{asked}"')
        used = [(name, 1, sky) for name, sky in skies.items()]
        calls.append({"method": method.value, "error": None, "skies": used})
        (directory / "astrodrizzle.log").write_text("\n".join(log) + "\n")
        return self._images(job, directory, calls)

    def _given(self, job: Mapping[str, Any], directory: Path) -> dict[str, object]:
        """Record given skies as AstroDrizzle does (``sky.py``)."""
        parameters = job["parameters"]
        user, listed = str(parameters.get("skyuser", "")), parameters.get("skyfile")
        listed = user[1:] if user.startswith("@") else listed
        lines = (directory / listed).read_text().splitlines() if listed else []
        values = dict(line.split() for line in lines if line[0] != "#")
        for name in job["inputs"]:
            sky = values.get(name, None if listed else 0.0)
            if user and not listed:
                sky = fits.getval(directory / name, user, extname="SCI")
            if sky is not None:
                fits.setval(directory / name, "MDRIZSKY", value=float(sky), extname="SCI")
        (directory / "astrodrizzle.log").write_text("No sky is computed.\n")
        return self._images(job, directory, [])

    def _images(
        self, job: Mapping[str, Any], directory: Path, calls: list[dict[str, object]]
    ) -> dict[str, object]:
        if job["parameters"].get("build"):
            output, members = job["parameters"]["output"], [name[:9] for name in job["inputs"]]
            wcs_name = fits.getval(directory / job["inputs"][0], "WCSNAME", "SCI")
            made = write_product(directory, f"{output}_drz.fits", members, wcs_name)
            with fits.open(made, mode="update") as hdus:
                hdus["SCI"].data.flat[: self.holes] = np.nan
                hdus.append(fits.ImageHDU(np.ones_like(hdus["SCI"].data), name="WHT"))
            return {"sky_calls": calls, "masks": self._masks(job, directory), "seconds": 0.001}
        for what in ("sci", "wht"):
            path = directory / f"{job['parameters']['output']}_drz_{what}.fits"
            pixels = np.ones((8, 10), "f4")
            if what == "sci":
                pixels.flat[: self.holes] = np.nan
            fits.PrimaryHDU(pixels).writeto(path)
        return {"sky_calls": calls, "masks": self._masks(job, directory), "seconds": 0.001}

    def _masks(self, job: Mapping[str, Any], directory: Path) -> list[dict[str, object]]:
        """Masks of driz_cr, when it is on."""
        if not job["parameters"]["driz_cr"]:
            return []
        (directory / MASKS).write_bytes(b"masks of all chips")
        lost = {name: self.masked.get(name[:9], 3) for name in job["inputs"]}
        same = {"extver": 1, "usable": 1000, "exptime_s": 500.0}
        return [
            {"filename": name, "masked": count + 2, "lost": count, **same}
            for name, count in lost.items()
        ]

    def _skies(self, method: SkyMethod, inputs: Sequence[str]) -> dict[str, float | None]:
        levels = {name: self.levels.get(name[:9], 1.0 + i / 8) for i, name in enumerate(inputs)}
        lowest = min(levels.values())
        skies: dict[str, float | None] = {
            SkyMethod.LOCALMIN: levels,
            SkyMethod.MATCH: {name: level - lowest for name, level in levels.items()},
            SkyMethod.GLOBALMIN_MATCH: levels,
            SkyMethod.GLOBALMIN: dict.fromkeys(levels, lowest),
        }[method]  # type: ignore[assignment]
        if not method.needs_overlap:
            return skies
        return {name: None if name[:9] in self.alone else sky for name, sky in skies.items()}


def _match_text(image: str, residuals: np.ndarray) -> str:
    lines = [f"# Input image: {image}", "#    X and Y shift: 0.42 -0.28"]
    lines += [f"#   Column {number}: {title}" for number, title in enumerate(_COLUMNS, 1)]
    lines += [f"{10 + i} {20 + i % 7} {x:.6f} {y:.6f}" for i, (x, y) in enumerate(residuals)]
    return "\n".join(lines) + "\n"
