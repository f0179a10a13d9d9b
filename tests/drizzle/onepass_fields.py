"""Fields that one pass and AstroDrizzle are compared on, with every trap in their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.astrodrizzle import AstroDrizzle, DrizzleOutcome, ProductJob, SkyJob
from skydb.drizzle.onepass import FEWEST_PIXELS, ChipSkies, OnePass, OnePassMosaic
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.drizzle.exposures import Exposure, write_exposure

#: Flags: good by final_bits, taken out by resetbits, bad.
GOOD, RESET, BAD = 16, 4096, 4
#: Cases that are drizzled by the faster kernel, too; and one, of another kernel, that is not.
SQUARE = ("tutorial", "optical", "wide", "filled", "errors")


@dataclass(frozen=True)
class Case:
    """One set of exposures, methods and settings."""

    inputs: tuple[Path, ...]
    methods: tuple[SkyMethod, ...]
    settings: AstroDrizzleSettings

    def jobs(self, name: str) -> list[SkyJob]:
        return [
            SkyJob(ProductJob(self.inputs, f"{name}_{m.column}", self.settings), m)
            for m in self.methods
        ]


@dataclass(frozen=True)
class Comparison:
    """Results of AstroDrizzle and of one pass with the same skies."""

    case: Case
    reference: dict[SkyMethod, DrizzleOutcome]
    ours: dict[SkyMethod, OnePassMosaic]
    unchanged: bool


def infrared_exposures(directory: Path) -> list[Path]:
    """Four that overlap and one far away, of three exposure times, with bad pixels."""
    offsets = [(0.0, 0.0), (6.0, 4.0), (-5.0, 7.0), (4.0, -8.0), (60.0, 5.0)]
    exposures = [
        Exposure(f"ibxl5{number}aaq", offset, 0.8 + 0.13 * number)
        for number, offset in enumerate(offsets)
    ]
    for seed, exposure in enumerate(exposures):
        write_exposure(directory, exposure, seed)
        _spoil(exposure.path, seed)
    return [exposure.path for exposure in exposures]


def _spoil(path: Path, seed: int) -> None:
    """Bad pixels alone, in blocks and at the edge; one far below the sky, in one exposure."""
    rng = np.random.default_rng(seed)
    with fits.open(path, mode="update") as hdus:
        flags = hdus["DQ"].data
        for flag in (GOOD, RESET, BAD):
            flags[rng.random(flags.shape) < 0.01] |= flag
        flags[100:112, 40 + 9 * seed : 60 + 9 * seed] |= BAD
        flags[:, :6] |= BAD
        hdus["SCI"].data[50 + seed, 70] = -9.0
        hdus["SCI"].data[flags & BAD > 0] *= 1.5
        hdus["ERR"].data[:] = rng.uniform(0.02, 0.04, flags.shape)
        hdus[0].header["EXPTIME"] = 699.232483 * (1 + seed % 3)
        hdus["SCI"].header.remove("MDRIZSKY")


def advanced_camera_exposures(directory: Path) -> list[Path]:
    """Two of the Advanced Camera, whose rules put the mean of MDRIZSKY into the header."""
    paths = infrared_exposures(directory)
    chosen = [paths[4], paths[1]]
    for path in chosen:
        with fits.open(path, mode="update") as hdus:
            hdus[0].header.update(
                INSTRUME="ACS", DETECTOR="WFC", FILTER1="F606W", FILTER2="CLEAR2L"
            )
            hdus[1].header.update(BUNIT="ELECTRONS", CCDCHIP=1, BINAXIS1=1, BINAXIS2=1)
    return chosen


def optical_exposures(directory: Path) -> list[Path]:
    """Four exposures of two chips in electrons, one with a table of residual distortion."""
    plan = FieldPlan(SimDetector.UVIS, tiles=(2, 1), size=192, seed=3, products=False)
    truth = simulate_field(directory, plan)
    paths = [directory / exposure.path for exposure in truth.exposures]
    _bend(paths[0])
    return paths


def wide_field_exposures(directory: Path) -> list[Path]:
    """Two visits of both chips of the Advanced Camera, whose axes are not at right angles."""
    plan = FieldPlan(SimDetector.WFC, tiles=(2, 1), dithers=1, size=128, seed=3, products=False)
    truth = simulate_field(directory, plan)
    return [directory / exposure.path for exposure in truth.exposures]


def _bend(path: Path) -> None:
    with fits.open(path, mode="update") as hdus:
        header = hdus["SCI", 1].header
        for axis in (1, 2):
            header[f"CPERR{axis}"], header[f"CPDIS{axis}"] = 0.7, "LOOKUP"
            for value in (f"EXTVER: {axis}.0", "NAXES: 2.0", "AXIS.1: 1.0", "AXIS.2: 2.0"):
                header.append((f"DP{axis}", value), end=True)
            bend = np.linspace(-0.7, 0.7, 25, dtype=np.float32).reshape(5, 5)
            table = fits.ImageHDU(bend, name="WCSDVARR", ver=axis)
            table.header.update(CRVAL1=1.0, CRVAL2=1.0, CRPIX1=1.0, CRPIX2=1.0)
            table.header.update(CDELT1=48.0, CDELT2=24.0)
            hdus.append(table)
        hdus[0].header["NPOLFILE"] = "iref$bent_npl.fits"


def cases(directory: Path) -> dict[str, Case]:
    """The comparisons, by the first part of their mosaics' names."""
    infrared = infrared_exposures(_made(directory / "ir"))
    advanced = advanced_camera_exposures(_made(directory / "acs"))
    optical = optical_exposures(_made(directory / "uvis"))
    wide = wide_field_exposures(_made(directory / "wfc"))
    by_errors = AstroDrizzleSettings(
        final_scale_arcsec=0.09, final_rot_deg=10.0, final_pixfrac=0.8,
        extra={"final_wht_type": "ERR", "final_kernel": "turbo", "static": False, "driz_cr": True},
    )  # fmt: skip
    window = AstroDrizzleSettings(
        resetbits=0, final_bits="0", final_rot_deg=None,
        extra={"final_outnx": 330, "final_outny": 270, "final_ra": 85.2536, "final_dec": -2.4585,
               "final_kernel": "gaussian", "final_fillval": -7.0, "final_units": "counts"},
    )  # fmt: skip
    filled = AstroDrizzleSettings(
        final_pixfrac=0.8, context=True,
        extra={"final_wht_type": "ERR", "final_fillval": -7.0, "final_units": "counts"},
    )  # fmt: skip
    north_up = AstroDrizzleSettings(final_rot_deg=0.0, final_scale_arcsec=0.05, context=True)
    return {
        "tutorial": Case(
            tuple(infrared), (SkyMethod.LOCALMIN, SkyMethod.MATCH), AstroDrizzleSettings()
        ),
        "errors": Case((infrared[0],), (SkyMethod.GLOBALMIN,), by_errors),
        "window": Case(tuple(advanced), (SkyMethod.LOCALMIN,), window),
        "filled": Case(tuple(advanced), (SkyMethod.GLOBALMIN, SkyMethod.GLOBALMIN_MATCH), filled),
        "optical": Case(tuple(optical), (SkyMethod.GLOBALMIN_MATCH,), north_up),
        "wide": Case(tuple(wide), (SkyMethod.MATCH,), AstroDrizzleSettings()),
    }


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def compare(directory: Path, runner: DrizzlepacRunner) -> dict[str, Comparison]:
    """Run AstroDrizzle on every case in one subprocess, and one pass in one each."""
    found = cases(directory)
    jobs = [job for name, case in found.items() for job in case.jobs(name)]
    outcomes = AstroDrizzle(runner).drizzle_all(jobs, directory / "reference")
    made = {job.product.output: outcome for job, outcome in zip(jobs, outcomes, strict=True)}
    comparisons = {}
    for name, case in found.items():
        reference = {method: made[f"{name}_{method.column}"] for method in case.methods}
        before = [path.read_bytes() for path in case.inputs]
        ours = one_pass(case, name, reference, directory / name, runner)
        unchanged = before == [path.read_bytes() for path in case.inputs]
        comparisons[name] = Comparison(case, reference, ours, unchanged)
        if name in SQUARE:
            quick = one_pass(case, name, reference, directory / f"{name}-square", runner, 0)
            comparisons[f"{name}-square"] = Comparison(case, reference, quick, unchanged)
    return comparisons


def one_pass(
    case: Case,
    name: str,
    reference: dict[SkyMethod, DrizzleOutcome],
    scratch: Path,
    runner: DrizzlepacRunner,
    fewest_pixels: int = FEWEST_PIXELS,
) -> dict[SkyMethod, OnePassMosaic]:
    skies = {method: skies_of(outcome) for method, outcome in reference.items()}
    outputs = {method: f"{name}_{method.column}" for method in case.methods}
    # As many processes as there are mosaics, or one for two, which then writes both.
    jobs = 2 if len(outputs) == 1 else 1
    tool = OnePass(runner, fewest_pixels)
    return tool.drizzle(case.inputs, skies, case.settings, scratch, outputs, jobs)


def skies_of(outcome: DrizzleOutcome) -> ChipSkies:
    return {(sky.filename, sky.extver): sky.mdrizsky for sky in outcome.skies}
