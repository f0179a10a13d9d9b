"""Conversion of a TweakReg log, and of the files beside it, to a plan of records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from skydb.domain.values import MATCHES_WANTED
from skydb.domain.vocabulary import FindingKind, SolutionStatus
from skydb.files.logs import LoggedAlignment, LoggedFit
from skydb.files.names import product_named
from skydb.files.shiftfile import ShiftFile, ShiftRow
from skydb.services.history.companions import (
    MATCH_SUFFIX,
    Directory,
    Listing,
    is_of,
    row_disagreements,
    sky_scatter_mas,
    stem_of,
)
from skydb.services.history.plan import (
    CLOCK,
    AlignmentPlan,
    FitPlan,
    Note,
    Software,
    Source,
    as_recorded,
    unreadable,
)

_OF_CHIP = re.compile(r"_sci\d+_xy_catalog\.coo")

#: Columns of an AlignmentSolution by their names.
Numbers = dict[str, Any]

_DRY_RUN = "A dry run: updatehdr was False, and no header was written."
_NOT_SHOWN = "The log does not show whether the header was written."
_REFERENCE = (
    "The reference image of the run: nothing was fitted to it, and its zeros are not a fit."
)


@dataclass(frozen=True, slots=True)
class Latest:
    """Products and shift file of a run that no later run of the directory has overwritten.

    Every run overwrites them: ``products`` are those without a later fit in the directory,
    ``shift_file`` is whether no later run wrote one of that name.
    """

    products: frozenset[str]
    shift_file: bool


def has_companions(run: LoggedAlignment, listing: Listing) -> bool:
    """Whether a file beside the log may be of a run; without, its plan follows from its lines."""
    shift_file = _shift_name(run)
    names = [f"{stem_of(fit.product)}{MATCH_SUFFIX}" for fit in run.fits]
    names += [PurePath(shift_file).name] if shift_file else []
    return any(map(listing.file, names)) or any(map(listing.source_lists, run.products))


def alignment_plan(
    path: Path, run: LoggedAlignment, latest: Latest, beside: Mapping[str, Any], listing: Listing
) -> AlignmentPlan:
    """Plan the records of one run in a log.

    ``beside`` has the facts of its file, ``listing`` is of the directory of the log.
    """
    source, error = Source.of(path, run, beside), _error(run)
    reader = _FitReader(path, run, latest, listing)
    remark = run.remark if run.remark and run.remark not in (error or "") else None
    remarks = [Note(FindingKind.NOTHING_TO_FIT, path.name, remark)] if remark else []
    if run.first_line and not run.tool_version:
        where = source.place(run.first_line)
        remarks.append(Note(FindingKind.CONTRADICTION, where, "the version that ran is unknown."))
    problems = [(problem.line_number, problem.text) for problem in run.problems]
    return AlignmentPlan(
        source=source,
        software=Software(f"TweakReg {run.tool_version}".strip(), run.python_version, run.packages),
        started_at=as_recorded(run.started_at),
        finished_at=None,
        parameters=_parameters(run, source, reader.sources),
        notes=(*unreadable(path, problems), *reader.notes, *reader.directory.notes, *remarks),
        error=error,
        remark=None if error else remark,
        is_complete=run.is_complete,
        reference=run.reference,
        fits=tuple(reader.fits),
        evidence=tuple(reader.directory.used),
    )


class _FitReader:
    """Compares the log with the files beside it."""

    def __init__(self, path: Path, run: LoggedAlignment, latest: Latest, listing: Listing) -> None:
        self._path = path
        self._run = run
        self._latest = latest
        self.directory = Directory(listing)
        self.notes: list[Note] = []
        self.fits: list[FitPlan] = []
        self._shifts = self._shift_file()
        self.sources = self._source_lists()
        if not run.is_mixed:
            for fit in run.outcomes:
                self._read_fit(fit)
            self._read_the_rest()

    def _shift_file(self) -> ShiftFile | None:
        name = _shift_name(self._run)
        shifts = self.directory.shift_file(name) if self._latest.shift_file else None
        self._shift_path = PurePath(name) if name and shifts else None
        return shifts

    def _source_lists(self) -> dict[str, dict[str, int]]:
        """Source lists beside the log, where they have as many sources as the log found."""
        products = [name for name in self._run.products if name in self._latest.products]
        listed = self.directory.source_lists(products)
        for product, lists in list(listed.items()):
            chips = [count for name, count in lists.items() if _OF_CHIP.search(name)]
            found = self._run.sources.get(product)
            if chips and found is not None and sum(chips) != found:
                said = f"its source lists have {sum(chips)} sources, the log found {found}."
                self._note(FindingKind.CONTRADICTION, product, f"{said} They are not used.")
                del listed[product]
        return listed

    def _row(self, product: str) -> ShiftRow | None:
        return self._shifts.row_of(product) if self._shifts else None

    def _note(self, kind: FindingKind, subject: str, message: str) -> None:
        self.notes.append(Note(kind, subject, message))

    def _is_known(self, product: str) -> bool:
        try:
            product_named(product)
        except ValueError as error:
            self._note(FindingKind.REJECTED_FILE, product, f"{error}; its fit is left out.")
            return False
        return True

    def _read_fit(self, fit: LoggedFit) -> None:
        if not self._is_known(fit.product):
            return
        if fit.is_reference:
            self._add_reference(fit.product)
        elif fit.is_fitted:
            self._add_fit(fit)
        else:
            self._add_failure(fit.product, fit.failure or "the log prints no fit")

    def _add(
        self,
        product: str,
        status: SolutionStatus,
        reason: str | None,
        numbers: Numbers,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        name = self._run.wcs_names.get(product, "")
        self.fits.append(FitPlan(product, status, name, reason, numbers, origins or {}))

    def _add_fit(self, fit: LoggedFit) -> None:
        filed, matched = self._filed_numbers(fit), self._matched_numbers(fit)
        numbers = _logged_numbers(fit) | filed | matched
        missing = [name for name in ("dx_pix", "x_rms_pix", "nmatches") if numbers[name] is None]
        if missing:
            said = f"the log has no {', '.join(missing)} of the fit of {fit.product}."
            where = f"{self._path.name}:{fit.line_number}"
            self._note(FindingKind.UNREADABLE_LINE, where, said)
        if _is_weak(fit):
            wanted = MATCHES_WANTED[fit.fit_geometry or ""]
            said = f"{fit.nmatches} matches; {fit.fit_geometry} wants {wanted}."
            self._note(FindingKind.WEAK_FIT, fit.product, said)
        status, reason = self._outcome(fit)
        self._add(fit.product, status, reason, numbers, self._origins(fit, filed, matched))

    def _outcome(self, fit: LoggedFit) -> tuple[SolutionStatus, str | None]:
        """Read the result of a fit from the log."""
        if fit.is_written:
            return SolutionStatus.APPLIED, None
        if self._run.updates_headers is False:
            if fit.product in self._run.wcs_written:
                said = "updatehdr was False, but the log shows that a header was written."
                self._note(FindingKind.CONTRADICTION, fit.product, said)
            return SolutionStatus.PROPOSED, _DRY_RUN
        return SolutionStatus.RECORDED, _NOT_SHOWN

    def _origins(self, fit: LoggedFit, filed: Numbers, matched: Numbers) -> dict[str, str]:
        """File and line that each number comes from."""
        log = self._path.name
        found = {name: f"{log}:{line}" for name, line in fit.lines.items()}
        row = self._row(fit.product)
        if row is not None and self._shift_path is not None:
            place = self._shift_path.name + (f":{row.line_number}" if row.line_number else "")
            found |= dict.fromkeys(filed, place)
        return found | dict.fromkeys(matched, f"{stem_of(fit.product)}{MATCH_SUFFIX}")

    def _filed_numbers(self, fit: LoggedFit) -> Numbers:
        """The shift file has more digits than the log, where the two agree."""
        row = self._row(fit.product)
        if row is None:
            if self._shifts is not None:
                said = "was fitted according to the log; the shift file does not name it."
                self._note(FindingKind.CONTRADICTION, fit.product, said)
            return {}
        disagreements = row_disagreements(fit, row)
        if disagreements or not row.is_finite:
            said = f"log and shift file differ: {', '.join(disagreements) or 'not a number'}."
            self._note(FindingKind.CONTRADICTION, fit.product, said)
            return {}
        names = ("dx_pix", "dy_pix", "rotation_deg", "scale", "x_rms_pix", "y_rms_pix")
        return dict(zip(names, row.numbers, strict=True))

    def _matched_numbers(self, fit: LoggedFit) -> Numbers:
        """RMS on the sky from the residuals, where the match file is of this very fit."""
        matches = self.directory.match_file(fit.product)
        if matches is None:
            return {}
        if not is_of(fit, matches):
            self._leave_out(
                fit.product,
                f"has {len(matches)} matches and the shift {matches.shift_pix}, the log "
                f"{fit.nmatches} and ({fit.dx_pix}, {fit.dy_pix})",
            )
            return {}
        scatter = sky_scatter_mas(matches)
        return (
            {}
            if scatter is None
            else dict(zip(("rms_ra_mas", "rms_dec_mas"), scatter, strict=True))
        )

    def _leave_out(self, product: str, why: str) -> None:
        """A match file is of another run; of a later one that is no news."""
        name = f"{stem_of(product)}{MATCH_SUFFIX}"
        used = self.directory.used
        self.directory.used = [path for path in used if not path.name.startswith(name)]
        if product in self._latest.products:
            self._note(
                FindingKind.CONTRADICTION, name, f"is of another run: it {why}. It is not used."
            )

    def _add_failure(self, product: str, reason: str) -> None:
        row = self._row(product)
        if row is not None and row.is_finite:
            said = "was not fitted according to the log; the shift file has a fit of it."
            self._note(FindingKind.CONTRADICTION, product, said)
        matches = self.directory.match_file(product)
        if matches is not None:
            self._leave_out(product, f"has {len(matches)} matches, and the log has no fit")
        self._note(FindingKind.FIT_FAILED, product, reason)
        if product in self._run.wcs_names:
            reason += f". Its header is named {self._run.wcs_names[product]} all the same"
        self._add(product, SolutionStatus.FAILED, f"{reason}.", {})

    def _add_reference(self, product: str) -> None:
        row = self._row(product)
        if row is not None and not row.is_identity:
            said = "is the reference image according to the log; the shift file has a fit of it."
            self._note(FindingKind.CONTRADICTION, product, said)
        self._add(product, SolutionStatus.RECORDED, _REFERENCE, {})

    def _read_the_rest(self) -> None:
        """The reference image, of which the log begins no fit."""
        tried = {fit.product for fit in self._run.fits}
        planes = {self._run.frame, self._run.reference}
        for product in self._run.products:
            if product in planes and product not in tried and self._is_known(product):
                self._add_reference(product)


def _shift_name(run: LoggedAlignment) -> str | None:
    asked = run.parameters.get("creating a shiftfile", {}).get("outshifts")
    return run.shift_file or asked


def _logged_numbers(fit: LoggedFit) -> Numbers:
    """Numbers of the log, without RMS_RA and RMS_DEC.

    What TweakReg prints as these is how far the reference pixel moves in both coordinates
    when it is shifted by the RMS in x and in y: no RMS on the sky, and in no simple relation
    to it.
    """
    names = (
        *("fit_geometry", "nmatches", "dx_pix", "dy_pix", "rotation_deg", "scale"),
        *("x_rms_pix", "y_rms_pix"),
    )
    return {name: getattr(fit, name) for name in names}


def _is_weak(fit: LoggedFit) -> bool:
    wanted = MATCHES_WANTED.get(fit.fit_geometry or "")
    return wanted is not None and fit.nmatches is not None and fit.nmatches < wanted


def _error(run: LoggedAlignment) -> str | None:
    """Explain why the run failed, in the words of the log if it has any."""
    if run.is_mixed:
        return "The log mixes lines of this run and another: its values are unknown."
    if run.failure:
        return f"{run.failure.rstrip('.')}."
    if run.is_cut:
        return f"The log ends {_place_of_end(run)}, without the end of the run."
    if not any(fit.is_fitted for fit in run.fits) and not run.remark:
        reasons = [fit.failure for fit in run.fits if fit.failure]
        return f"No product could be fitted: {reasons[0] if reasons else 'the log begins no fit'}."
    if run.unattempted:
        return f"The run ended before {len(run.unattempted)} of its products were fitted."
    return None


def _place_of_end(run: LoggedAlignment) -> str:
    if run.unfinished:
        return f"in the fit of {run.unfinished}"
    if run.unattempted:
        return f"before {len(run.unattempted)} of its products were fitted"
    return "after the last fit" if run.fits else "before the first fit"


def _parameters(
    run: LoggedAlignment, source: Source, sources: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    return {
        "tweakreg": run.parameters,
        "products": run.products,
        "frame": run.frame,
        "shift_file": run.shift_file,
        "sources": run.sources,
        "source_lists": sources,
        "unattempted": run.unattempted,
        "printed_rms": {fit.product: fit.printed_rms for fit in run.fits if fit.printed_rms},
        "clock": CLOCK,
        "log": source.facts,
        "complete": run.is_complete,
        "evidence": {},
    }
