"""Trust: all checks of a fit, before review and again when it is applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.domain import Acceptance, AlignmentSolution
from skydb.domain.fit import MATCHES_WANTED
from skydb.domain.motion import MotionRecord, check_motion
from skydb.domain.trust import (
    TRUST_FLOOR,
    FitCheck,
    TrustReport,
    check_clipped,
    check_jackknife,
    check_matches,
    check_rms,
    overruled,
    report_of,
)
from skydb.domain.values import WcsFacts
from skydb.domain.vocabulary import FindingKind, TrustComponent, WcsKind
from skydb.drizzle.starlists import StarFinder
from skydb.errors import StateError
from skydb.files.catalog import read_catalog
from skydb.files.matchfile import read_matches
from skydb.files.products import read_hstwcs
from skydb.files.tweakreglog import matches_before_clipping
from skydb.services.alignment.fitted_images import read_fitted
from skydb.services.alignment.member_chips import member_outlines
from skydb.services.catalogs import UsableCatalog, mean_epochs
from skydb.services.core import Context
from skydb.sky import fit_trust as measure
from skydb.sky.chip_regions import ChipOutline
from skydb.sky.displacement import displacement

if TYPE_CHECKING:
    from skydb.drizzle.tweakreg import ProductFit

#: A fit of the archive is good when it has as many matches as rscale wants, and this RMS.
_GOOD_ARCHIVE_RMS_MAS = 30.0


@dataclass(frozen=True)
class FittedFile:
    """A fit to check, and the WCS that the product had before.

    Parameters
    ----------
    fit : ProductFit
        What TweakReg made, in a scratch directory.
    original : Path
        The product as it was.
    archive : WcsFacts
        Its active WCS.
    motion : MotionRecord or None
        How the sources of the catalogue were placed.
    finder : StarFinder, optional
        Of the run, which may know the stars of the product.
    outlines : tuple of ChipOutline, optional
        Of the chips of all members of a drizzled product.
    """

    fit: ProductFit
    original: Path
    archive: WcsFacts
    motion: MotionRecord | None = None
    finder: StarFinder = field(default_factory=StarFinder)
    outlines: tuple[ChipOutline, ...] = ()

    @property
    def sighting(self) -> measure.Sighting:
        """Sources that skydb finds, where the fit puts them."""
        return self._looked_at[0]

    @property
    def cross_match(self) -> FitCheck:
        """Compare these sources with the catalogue of the fit, at the epoch of the product."""
        return self._looked_at[1]

    @property
    def fitted_copy(self) -> Path:
        """Copy of the product whose primary WCS is the fit."""
        assert self.fit.fitted_copy is not None
        return self.fit.fitted_copy

    @cached_property
    def own_checks(self) -> tuple[list[FitCheck], list[FitCheck]]:
        """Run the checks without neighbours: those before their check, and those after."""
        fit = self.fit
        cross_match = self.cross_match
        before = matches_before_clipping(fit.log, self.original.name)
        return [
            check_matches(fit.nmatches, MATCHES_WANTED.get(fit.fit_geometry, 12)),
            check_rms(worse_rms_pix(fit), fit.nmatches, fit.fit_geometry),
            check_jackknife(_jackknife_pix(fit)),
            check_clipped(before, fit.nmatches),
            cross_match,
        ], [overruled(_archive(self), cross_match), check_motion(self.motion)]

    @cached_property
    def _looked_at(self) -> tuple[measure.Sighting, FitCheck]:
        # Both at once, so that the image is read once and not kept.
        assert self.fit.catalog_file is not None
        fitted = read_fitted(self.fitted_copy, self.original, self.finder, self.outlines)
        table = read_catalog(self.fit.catalog_file, epoch_year=None)
        return fitted.sighting, fitted.cross_match(table)


class TrustChecks:
    """Runs every check of the fits of one run, which arrive one by one.

    A fit is a neighbour of all known ones; each is read once.
    """

    def __init__(self) -> None:
        self._files: dict[int, FittedFile] = {}
        self._agreed: dict[int, list[measure.Agreement]] = {}

    def __contains__(self, key: int) -> bool:
        return key in self._files

    def add(self, key: int, file: FittedFile) -> list[int]:
        """Read a fit; return the earlier ones whose checks change."""
        compared = [other for other in self._files if self._compare(key, file, other)]
        self._files[key] = file
        return compared

    def _compare(self, key: int, file: FittedFile, other: int) -> bool:
        """Keep the comparison of two fits; False without a result."""
        known = self._files[other]
        said = {
            key: measure.shared(file.sighting, known.sighting),
            other: measure.shared(known.sighting, file.sighting),
        }
        for one, agreement in said.items():
            if agreement.pairs:
                self._agreed.setdefault(one, []).append(agreement)
        return said[other].pairs > 0

    def report(self, key: int) -> TrustReport:
        """Results of all checks of a fit, with the neighbours known so far."""
        file = self._files[key]
        before, after = file.own_checks
        neighbours = measure.check_neighbours(self._agreed.get(key, []))
        return TrustReport((*before, overruled(neighbours, file.cross_match), *after))


def screen(
    context: Context, acceptance_id: int, installed: Mapping[int, Path], force_why: str | None
) -> set[int]:
    """Repeat the cross-match, on the files that fits were written to.

    Parameters
    ----------
    context : Context
        Where the fits, their catalogues and their epochs are.
    acceptance_id : int
        The running acceptance; it keeps a finding for every fit that is doubtful.
    installed : mapping of int to Path
        Copy of the product whose primary WCS is the fit, by the id of the fit.
    force_why : str or None
        Reason of the user for accepting doubtful fits.

    Returns
    -------
    set of int
        Fits that may be applied.

    Raises
    ------
    StateError
        When none may; of a group of exposures all are applied or none.
    """
    catalogs: dict[int, UsableCatalog] = {}
    reports = {key: _confirm(context, key, path, catalogs) for key, path in installed.items()}
    doubtful = {key for key, report in reports.items() if not report.is_trusted}
    with context.store.writing() as session:
        acceptance = session.get_one(Acceptance, acceptance_id)
        fits = {key: session.get_one(AlignmentSolution, key) for key in reports}
        for key, report in reports.items():
            _keep(acceptance, fits[key], report, force_why)
        groups = {key: fit.group_name or f"solution {key}" for key, fit in fits.items()}
        session.commit()
    if force_why is not None:
        return set(installed)
    if {groups[key] for key in doubtful} == set(groups.values()):
        said = " ".join(_sentence(installed[key].name, reports[key]) for key in sorted(doubtful))
        advice = 'Look at `skydb align plot`, or insist with --force --why "REASON".'
        raise StateError(f"No fit was accepted. {said}", advice=advice)
    return set(installed) - doubtful


def _confirm(
    context: Context, solution_id: int, installed: Path, catalogs: dict[int, UsableCatalog]
) -> TrustReport:
    """Read the report that was kept with a fit, with a new cross-match.

    ``catalogs`` has those that were read by now, by number.
    """
    with context.store.reading() as session:
        solution = session.get_one(AlignmentSolution, solution_id)
        kept = report_of(solution.trust_reasons)
        if solution.group_name is not None:
            # One exposure has too few stars to confirm or refute the fit of its group.
            return kept
        epoch = mean_epochs(session, [solution.version])[0]
        catalog, weight = solution.catalog, (solution.nmatches or 0, solution.matches_wanted)
        kept = kept.with_check(check_matches(*weight))
        if catalog is None:
            return kept
        if catalog.id not in catalogs:
            catalogs[catalog.id] = UsableCatalog.of(context, catalog)
        usable = catalogs[catalog.id]
        outlines = member_outlines(session, solution.version)
    fitted = read_fitted(installed, installed, StarFinder(), outlines)
    return kept.with_check(fitted.cross_match(usable.at(epoch).table))


def _keep(
    acceptance: Acceptance, solution: AlignmentSolution, report: TrustReport, why: str | None
) -> None:
    """Record a doubt, and the user who overrode it; without new checks a fit stays as it is."""
    if solution.trust is None or report.score < solution.trust:
        solution.record_trust(report)
    if report.is_trusted:
        return
    name = solution.version.filename
    if why is None:
        acceptance.notice(FindingKind.LOW_TRUST, name, _sentence(name, report))
        return
    solution.reason = f"accepted by force by {acceptance.agent}: {why}"
    message = f"{_sentence(name, report)} Accepted by force by {acceptance.agent}: {why}"
    acceptance.notice(FindingKind.FORCED, name, message)


def _sentence(product: str, report: TrustReport) -> str:
    said = report.objections or "no check passed"
    return f"{product} has trust {report.score:.2f}, {TRUST_FLOOR} is wanted ({said})."


def worse_rms_pix(fit: ProductFit) -> float:
    """RMS of a fit along its worse axis; 0 when it has none."""
    known = (one for one in (fit.x_rms_pix, fit.y_rms_pix) if one is not None)
    return max(known, default=0.0)


def _jackknife_pix(fit: ProductFit) -> float | None:
    if fit.match_file is None:
        return None
    matches = read_matches(fit.match_file)
    return measure.jackknife_pix(
        matches.x_ref_pix,
        matches.y_ref_pix,
        matches.x_residual_pix,
        matches.y_residual_pix,
        fit.fit_geometry,
    )


def _archive(product: FittedFile) -> FitCheck:
    scale = product.sighting.scale_arcsec
    return check_archive(product.archive, product.original, product.fitted_copy, scale)


def check_archive(
    archive: WcsFacts, original: Path, fitted_copy: Path, scale_arcsec: float
) -> FitCheck:
    """Check against the archive's own fit to Gaia; others, and fits of skydb, do not count.

    Parameters
    ----------
    archive : WcsFacts
        The WCS that is active in the file.
    original, fitted_copy : Path
        The file, and a copy whose primary WCS is the fit.
    scale_arcsec : float
        Size of a pixel.
    """
    name = archive.name
    if name.is_of_skydb:
        reason = f"{name.text} is a fit of skydb itself, not of the archive"
        return FitCheck(TrustComponent.ARCHIVE, None, reason)
    rms_mas = rms_of_archive(archive)
    if rms_mas is None:
        reason = f"the archive's {name.text or 'WCS'} is no good fit to Gaia"
        return FitCheck(TrustComponent.ARCHIVE, None, reason)
    moved = displacement(read_hstwcs(original), read_hstwcs(fitted_copy))
    return measure.check_archive(moved, scale_arcsec, rms_mas)


def rms_of_archive(archive: WcsFacts) -> float | None:
    """The larger RMS in mas of a good fit of the archive to Gaia; None of any other WCS."""
    name, quality = archive.name, archive.quality
    rms = [r for r in (quality.rms_ra_mas, quality.rms_dec_mas) if r is not None]
    is_gaia = name.kind is WcsKind.FIT and "GAIA" in (name.catalog or "").upper()
    enough = (quality.nmatches or 0) >= MATCHES_WANTED["rscale"]
    is_good = is_gaia and enough and not name.is_of_skydb and bool(rms)
    return max(rms) if is_good and max(rms) <= _GOOD_ARCHIVE_RMS_MAS else None
