"""Fitting drizzled products to a reference catalogue with TweakReg.

TweakReg reports failure as a row of NaN with RMS 0.0, as an old shift file left
in place, or as a header that claims a new WCS and holds the old one. Every fit
is therefore checked: shift file, match file and header must agree,
or the product is FAILED with the reason.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from skydb.drizzle.fitcheck import FitEvidence, SoundFit, examine
from skydb.drizzle.optionfiles import stage_files
from skydb.drizzle.optionspec import Tool
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import TweakRegSettings, default_conv_width_pix
from skydb.drizzle.starlists import write_catfile
from skydb.drizzle.tasks.jobs import DONE, STARTED
from skydb.drizzle.tweakinputs import catalog_of, count_sources, held_scale
from skydb.drizzle.wcskeys import Geometry, geometry
from skydb.drizzle.workspace import copies_in, fresh_directory, opened, science_hdus
from skydb.errors import ToolCrashedError, ToolError, UsageError
from skydb.sky.stars import StarList
from skydb.threads import Threads

#: WCSNAME of a fit that has not been accepted; never leaves the scratch directory.
PROPOSED_NAME = "SKYDB_PROPOSED"
#: Geometry of a fit for which the user chose none.
FIRST_GEOMETRY = "rscale"
SHIFTS = "shifts.txt"
SHIFTS_WCS = "shifts_wcs.fits"
_CATALOG = "reference.cat"
#: Interval of the check for finished fits.
_LOOK_S = 0.1


class FitStatus(StrEnum):
    """Status of the fit of a product."""

    FITTED = "fitted"
    FAILED = "failed"


@dataclass(frozen=True)
class ProductFit:
    """The outcome of TweakReg for one product; None is "no value".

    Parameters
    ----------
    product : Path
        The product, which was not touched.
    status : FitStatus
        FAILED comes with a `reason` and without numbers.
    dx_pix, dy_pix, rotation_deg, scale : float or None
        Fit in the reference frame; rotation between -180 and 180.
    x_rms_pix, y_rms_pix : float or None
        Standard deviation of the residuals in the reference frame.
    nmatches : int
        Sources in the fit, after clipping.
    rms_ra_mas, rms_dec_mas : float or None
        The same residuals on the sky, east and north. TweakReg's own RMS_RA
        (degrees) is not used: it leaves out cos(dec) and lets the two axes
        cancel when the frame is rotated.
    original_wcs_name : str
        Name under which the fitted copy keeps, as an alternate, the WCS that
        was primary before TweakReg; TweakBack needs it.
    fitted_copy : Path or None
        Copy of the product whose primary WCS is this very fit.
    catalog_file : Path or None
        The very catalogue that TweakReg was given.
    catalog_sources : int
        Sources in the reference catalogue.
    geometry_why : str or None
        Why this geometry was fitted, when it was left open.
    group : str or None
        Of exposures that were fitted as one rigid body, the name of the group.
    """

    product: Path
    status: FitStatus
    log: Path
    original_wcs_name: str
    fit_geometry: str
    catalog_sources: int
    nmatches: int = 0
    reason: str | None = None
    geometry_why: str | None = None
    dx_pix: float | None = None
    dy_pix: float | None = None
    rotation_deg: float | None = None
    scale: float | None = None
    x_rms_pix: float | None = None
    y_rms_pix: float | None = None
    rms_ra_mas: float | None = None
    rms_dec_mas: float | None = None
    fitted_copy: Path | None = None
    match_file: Path | None = None
    shift_file: Path | None = None
    catalog_file: Path | None = None
    group: str | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether there is a fit to review."""
        return self.status is FitStatus.FITTED


#: Called with each fit, in the thread that asked for it.
OnFit = Callable[[ProductFit], None]


def ignore_fit(_: ProductFit) -> None:
    """Wait for the end of all fits."""


@dataclass(frozen=True)
class _Before:
    """A product and its copy as they were before TweakReg."""

    product: Path
    copy: Path
    wcs_name: str
    geometry: Mapping[int, Geometry]
    catalog_sources: int
    started_s: float


@dataclass(frozen=True)
class _Call:
    """One call of TweakReg: one directory, usually one product."""

    directory: str
    members: tuple[_Before, ...]
    parameters: Mapping[str, object]

    @property
    def as_job(self) -> dict[str, object]:
        return {
            "directory": self.directory,
            "inputs": [member.copy.name for member in self.members],
            **held_scale(self.parameters),
        }


class TweakReg:
    """Fits products to catalogues; works on copies below a scratch directory."""

    def __init__(self, runner: DrizzlepacRunner) -> None:
        self._runner = runner

    def fit(
        self,
        products: Sequence[Path],
        catalogs: Path | Mapping[Path, Path],
        settings: TweakRegSettings,
        scratch: Path,
        *,
        stars: Mapping[Path, Mapping[int, StarList]] | None = None,
        on_fit: OnFit = ignore_fit,
    ) -> list[ProductFit]:
        """Fit every product, in one subprocess, and check the results.

        Parameters
        ----------
        products : sequence of Path
            Drizzled products; they are not touched.
        catalogs : Path or mapping of product to Path
            Text files with right ascension and declination in degrees (ICRS)
            in the first two columns. Mapped catalogues may differ by product
            unless ``settings.expand_refcat``.
        settings : TweakRegSettings
            Parameters of the fit.
        scratch : Path
            Directory for the copies, logs, shift and match files.
        stars : mapping of Path to mapping of int to StarList, optional
            Stars of every chip, by EXTVER, of each product; TweakReg looks for sources
            itself when they are left out.
        on_fit : callable, optional
            Called with each fit once it is done, while TweakReg continues with others.

        Returns
        -------
        list of ProductFit
            One for each product, in the given order; a product that crashed
            TweakReg is FAILED and the others are fitted nevertheless.

        Raises
        ------
        UsageError
            No product, or no catalogue for one of them.
        ParseError
            A catalogue that is not two columns of degrees.
        ToolCrashedError
            TweakReg crashed before it looked at any product.
        """
        if not products:
            raise UsageError("There is no product to fit.")
        scratch.mkdir(parents=True, exist_ok=True)
        groups = [list(products)] if settings.expand_refcat else [[one] for one in products]
        calls = [_prepare(group, catalogs, settings, scratch, stars) for group in groups]
        ended = _Ended(scratch, settings, on_fit)
        self._run(calls, ended)
        return [fit for call in calls for fit in ended.fits[call.directory]]

    def _run(self, calls: Sequence[_Call], ended: _Ended) -> None:
        """Run all calls, and report each when it has ended, well or by a crash."""
        left = list(calls)
        while left:
            try:
                self._run_beside(left, ended)
            except ToolCrashedError as error:
                culprit = _culprit(left, ended.scratch)
                if culprit is None:
                    raise
                place = left.index(culprit)
                ended.report(left[:place])
                ended.report([culprit], error)
                left = left[place + 1 :]
            else:
                ended.report(left)
                left = []

    def _run_beside(self, calls: Sequence[_Call], ended: _Ended) -> None:
        """Run calls in one subprocess, and report those that are done meanwhile."""
        request = {"jobs": [call.as_job for call in calls]}
        with Threads(1, "skydb-tweakreg") as thread:
            running = thread.submit(self._runner.run, "tweakreg", request, ended.scratch)
            try:
                while not running.done():
                    wait([running], timeout=_LOOK_S)
                    ended.report([call for call in calls if _is_done(call, ended.scratch)])
            except Exception:
                # The other fits are not needed any more.
                thread.stop.request("a failure")
                raise
            running.result()


class _Ended:
    """Fits of the calls that have ended, by directory, in the order in which they ended."""

    def __init__(self, scratch: Path, settings: TweakRegSettings, on_fit: OnFit) -> None:
        self.scratch = scratch
        self.fits: dict[str, list[ProductFit]] = {}
        self._settings = settings
        self._on_fit = on_fit

    def report(self, calls: Sequence[_Call], crash: ToolError | None = None) -> None:
        """Check the fits of calls that were not reported yet, and report them."""
        log = self.scratch / "tweakreg.log"
        for call in calls:
            if call.directory not in self.fits:
                home = self.scratch / call.directory
                made = [_checked(one, home, self._settings, log, crash) for one in call.members]
                self.fits[call.directory] = made
                for fit in made:
                    self._on_fit(fit)


def _is_done(call: _Call, scratch: Path) -> bool:
    return (scratch / call.directory / DONE).exists()


def _culprit(calls: Sequence[_Call], scratch: Path) -> _Call | None:
    """The call that was under way when the subprocess died."""
    for call in calls:
        directory = scratch / call.directory
        if (directory / STARTED).exists() and not _is_done(call, scratch):
            return call
    return None


def _prepare(
    products: Sequence[Path],
    catalogs: Path | Mapping[Path, Path],
    settings: TweakRegSettings,
    scratch: Path,
    stars: Mapping[Path, Mapping[int, StarList]] | None = None,
) -> _Call:
    directory = fresh_directory(scratch, "fit")
    copies = copies_in(scratch / directory, products)
    catalog = catalog_of(products, catalogs)
    sources = count_sources(catalog)
    shutil.copyfile(catalog, scratch / directory / _CATALOG)
    stage_files(Tool.TWEAKREG, settings.files, scratch / directory)
    members = tuple(
        _look(product, copy, sources) for product, copy in zip(products, copies, strict=True)
    )
    parameters = _parameters(settings, copies[0])
    if stars is not None:
        lists = {copy.name: stars[one] for one, copy in zip(products, copies, strict=True)}
        parameters |= write_catfile(scratch / directory, lists)
    return _Call(directory, members, parameters)


def _look(product: Path, copy: Path, sources: int) -> _Before:
    with opened(copy) as hdus:
        images = science_hdus(hdus)
        chips = {image.ver: geometry(image.header) for image in images}
        name = str(images[0].header.get("WCSNAME", "PRE-TWEAKREG")).strip()
        if name.upper() == PROPOSED_NAME:
            raise UsageError(
                f"{product.name} carries a fit that was only proposed ({name}).",
                advice="Fit the product that the archive made, or accept that fit first.",
            )
        return _Before(product, copy, name, chips, sources, time.time())


def _parameters(settings: TweakRegSettings, product: Path) -> dict[str, object]:
    parameters = settings.tool_parameters()
    parameters["fitgeometry"] = parameters["fitgeometry"] or FIRST_GEOMETRY
    find = dict(parameters["imagefindcfg"])  # type: ignore[call-overload]
    if find["conv_width"] is None:
        with opened(product) as hdus:
            primary = hdus[0].header
            find["conv_width"] = default_conv_width_pix(
                str(primary.get("INSTRUME", "")).strip(), str(primary.get("DETECTOR", "")).strip()
            )
    return {
        **parameters,
        "imagefindcfg": find,
        "refcat": _CATALOG,
        "refxcol": 1,
        "refycol": 2,
        "refxyunits": "degrees",
        "updatehdr": True,
        "wcsname": PROPOSED_NAME,
        "shiftfile": True,
        "outshifts": SHIFTS,
        "outwcs": SHIFTS_WCS,
        "writecat": True,
        "clean": False,
    }


def _checked(
    before: _Before, home: Path, settings: TweakRegSettings, log: Path, crash: ToolError | None
) -> ProductFit:
    """Return the fit of one product when all checks pass, else its failure."""
    own = home / "tweakreg.log"
    named = crash.log if crash is not None else None
    failed = ProductFit(
        product=before.product,
        status=FitStatus.FAILED,
        log=named or (own if own.exists() else log),
        original_wcs_name=before.wcs_name,
        fit_geometry=settings.fitgeometry or FIRST_GEOMETRY,
        catalog_sources=before.catalog_sources,
        reason=None if crash is None else str(crash),
    )
    if crash is not None:
        return failed
    evidence = _evidence(before, home)
    fit = examine(evidence)
    if isinstance(fit, str):
        return replace(failed, reason=fit)
    return _fitted(failed, evidence, fit)


def _evidence(before: _Before, directory: Path) -> FitEvidence:
    return FitEvidence(
        product=before.copy,
        shift_file=directory / SHIFTS,
        reference_wcs=directory / SHIFTS_WCS,
        match_file=directory / f"{before.copy.stem}_catalog_fit.match",
        started_s=before.started_s,
        geometry_before=before.geometry,
        wcs_name_before=before.wcs_name,
        wcs_name_wanted=PROPOSED_NAME,
    )


def _fitted(outcome: ProductFit, evidence: FitEvidence, fit: SoundFit) -> ProductFit:
    return replace(
        outcome,
        status=FitStatus.FITTED,
        original_wcs_name=fit.original_wcs_name,
        nmatches=len(fit.matches),
        dx_pix=fit.row.dx_pix,
        dy_pix=fit.row.dy_pix,
        rotation_deg=fit.row.rotation_deg,
        scale=fit.row.scale,
        x_rms_pix=fit.row.x_rms_pix,
        y_rms_pix=fit.row.y_rms_pix,
        rms_ra_mas=fit.rms_mas[0],
        rms_dec_mas=fit.rms_mas[1],
        fitted_copy=evidence.product,
        match_file=evidence.match_file,
        shift_file=evidence.shift_file,
        catalog_file=evidence.product.with_name(_CATALOG),
    )
