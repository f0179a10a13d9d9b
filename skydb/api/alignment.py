"""``ledger.align``: fits, their acceptance, and the ledger of every WCS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from skydb.api.alignment_options import AlignmentRequest
from skydb.api.base import run_number
from skydb.api.checking import directory
from skydb.api.results import DrawnResult, Record, Result
from skydb.api.selecting import Guarding, Names, policy_of, selection_of, several
from skydb.api.wcs import WcsGroup
from skydb.domain.vocabulary import SolutionStatus

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.drizzle.settings import TweakRegSettings
    from skydb.services.alignment import AcceptOutcome


class Fits(DrawnResult):
    """Fits of one alignment run, beside the archive's solutions.

    Attributes
    ----------
    run : int
        Number of the run, for :meth:`AlignGroup.accept`.
    parameters : list of Row
        Parameters of the run that differ from the defaults.
    """

    run: int
    parameters: list[dict[str, Any]]


class AlignGroup(WcsGroup):
    """Fits, their acceptance, and the ledger of every WCS."""

    def run(
        self,
        *products: str,
        refcat: Names = None,
        what: str | None = None,
        group_by: str | None = None,
        relative: bool = False,
        settings: TweakRegSettings | None = None,
        options: Mapping[str, object] | None = None,
        **chosen: Unpack[Guarding],
    ) -> Fits:
        """Fit drizzled products, single exposures or groups of them; no file is changed.

        Parameters
        ----------
        *products : str
            References (``*_drz.fits``, ``ibxl50clq``); all files of the selection when left out.
        refcat : str or sequence of str
            Reference catalogue; of several the first that gives a trusted fit is taken, file
            by file. None only with `relative`.
        what : str, optional
            ``drizzled`` (the default), ``exposures`` or ``group``.
        group_by : str, optional
            Of groups: ``visit`` (the default), ``target`` or ``orbit``.
        relative : bool
            Align visits to each other, without a catalogue.
        settings : TweakRegSettings, optional
            Not for groups, which TweakReg does not fit.
        options : mapping, optional
            TweakReg's, checked against its own specification; they win over `settings`.
        **chosen
            Exposures whose products are fitted, and guards: see :class:`.Guarding`.

        Returns
        -------
        Fits
            One row a product or exposure: ``dx_pix``, ``dy_pix``, ``rms_ra_mas``,
            ``nmatches``, ``trust`` and more.

        Raises
        ------
        UsageError
            When options do not go together.
        NotFoundError, FileRejectedError, InputsRefusedError, ToolError
            As the command refuses.

        Examples
        --------
        >>> fits = db.align.run(refcat="gaia", visit="bxl50")
        >>> fits[0].status, fits["rms_ra_mas"].unit
        ('proposed', Unit("mas"))
        """
        asked = AlignmentRequest.of(
            refcat, what, group_by, relative=relative, settings=settings, options=options
        )
        selection, policy = selection_of(chosen), policy_of(chosen)
        services = self._services
        if asked.groups is not None:
            run = services.align_groups.run(
                asked.refcat, products, asked.groups, selection=selection, policy=policy
            )
        else:
            run = services.align.run(
                asked.refcat or (),
                products,
                asked.settings,
                what=asked.road,
                selection=selection,
                policy=policy,
            )
        doubts = services.runs.input_doubts(run)
        return self._fits(run, [f"{one['subject']}: {one['message']}" for one in doubts])

    def inputs(
        self,
        *products: str,
        refcat: Names = None,
        what: str | None = None,
        group_by: str | None = None,
        relative: bool = False,
        options: Mapping[str, object] | None = None,
        **chosen: Unpack[Guarding],
    ) -> Result:
        """Show the files that :meth:`run` would fit, and why these; nothing runs.

        Parameters
        ----------
        *products, refcat, what, group_by, relative, options
            As of :meth:`run`.
        **chosen
            Exposures: see :class:`.Guarding`.

        Raises
        ------
        NotFoundError
            When there is no such catalogue, product or file of an option.

        Examples
        --------
        >>> db.align.inputs(refcat="gaia", visit="bxl50")[0].kind
        'drz'
        """
        from skydb.services.alignment import require_there

        asked = AlignmentRequest.of(refcat, what, group_by, relative=relative, options=options)
        selection = selection_of(chosen)
        services = self._services
        require_there(services.context, several(asked.refcat), asked.settings)
        if asked.groups is None:
            return Result(services.align.explain(products, selection, what=asked.road))
        rows = services.align_groups.explain(asked.refcat, products, asked.groups, selection)
        return Result(rows)

    def show(self, run: int | str) -> Fits:
        """Show the fits of a run beside the archive's solutions, and why each is trusted.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.

        Raises
        ------
        NotFoundError
            When there is no such alignment run.

        Examples
        --------
        >>> db.align.show("run:4")[0].trust >= 0.5
        True
        """
        return self._fits(run_number(run))

    def plot(self, run: int | str, out: str | Path) -> Result:
        """Write residuals, sources and overlays of a run into a directory.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.
        out : path-like
            The directory.

        Returns
        -------
        Result
            ``path`` (absolute) and ``shows`` of every picture.

        Raises
        ------
        NotFoundError, UsageError
            When there is no such alignment run, or `out` is no directory.

        Examples
        --------
        >>> pictures = db.align.plot(4, "figures")
        """
        number, figures = run_number(run), directory(out).absolute()
        return Result(self._pictures.write_fits(self._services, number, figures))

    def accept(
        self,
        run: int | str,
        *,
        force_why: str | None = None,
        write_headers: bool = False,
    ) -> Result:
        """Apply exactly the fits of a run to new versions, and measure the shifts.

        Parameters
        ----------
        run : int or str
        force_why : str, optional
            Reason to accept fits that are not trusted; else they are left as they are.
        write_headers : bool
            Also write your own files, all of them or none. :meth:`.Ledger.restore_headers`
            puts them back. A write that was interrupted is completed by repeating it.

        Returns
        -------
        Result
            ``rootname``, ``predicted_shift_mas``, ``realised_shift_mas`` (measured),
            ``residual_mas``, ``status``.

        Raises
        ------
        NotFoundError, StateError
            When there is no such alignment run, or no fit of it waits for review.

        Examples
        --------
        >>> accepted = db.align.accept(4)
        >>> {row.status for row in accepted}, max(row.residual_mas for row in accepted) < 2
        ({'applied'}, True)
        """
        number, services = run_number(run), self._services
        if not write_headers:
            return _accepted(services.accept.accept(number, force_why=force_why))
        outcomes, written = services.headers.accept(number, force_why=force_why)
        said = (
            [
                f"Wrote the headers of {len(written)} of your files.",
                f"To take that back: `skydb restore-headers {written[0].activity}`",
                *written.remarks,
            ]
            if written
            else []
        )
        return _accepted(outcomes, said, is_flagged=bool(written.remarks))

    def reject(self, run: int | str, why: str) -> Record:
        """Reject the fits of a run, with a reason: ``run`` and how many were ``rejected``.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.
        why : str
            The reason; it is kept.

        Raises
        ------
        NotFoundError, StateError
            When there is no such alignment run, or no fit of it waits for review.

        Examples
        --------
        >>> db.align.reject(5, "matched on a diffraction spike").rejected
        2
        """
        number = run_number(run)
        return Record({"run": number, "rejected": self._services.accept.reject(number, why)})

    def _fits(self, run: int, remarks: list[str] | None = None) -> Fits:
        services = self._services
        rows = services.solutions.fits(run)
        fits = Fits(
            rows,
            draw=lambda product=None: self._pictures.fit(services, run, product),
            write=lambda out: (Path(one["path"]) for one in self.plot(run, out)),
            remarks=remarks or (),
            has_failed=all(row["status"] == "failed" for row in rows),
            is_flagged=bool(remarks) or any(_is_weak(row) for row in rows),
        )
        fits.run, fits.parameters = run, _unusual(services, run)
        return fits


def _is_weak(row: Mapping[str, Any]) -> bool:
    from skydb.domain.trust import TRUST_FLOOR

    return row["trust"] is not None and bool(row["trust"] < TRUST_FLOOR)


def _unusual(services: Services, run: int) -> list[dict[str, Any]]:
    """Parameters of a run that differ from the defaults."""
    return [one for one in services.runs.parameters(run) if one["value"] != one["usual"]]


def _accepted(
    outcomes: list[AcceptOutcome], said: list[str] | None = None, *, is_flagged: bool = False
) -> Result:
    """Outcomes of an acceptance, and which of them want a look."""
    of = {status: [one for one in outcomes if one.status is status] for status in SolutionStatus}
    failed, left = of[SolutionStatus.FAILED], of[SolutionStatus.PROPOSED]
    moved = [one for one in of[SolutionStatus.APPLIED] if one.reason]
    remarks = list(said or ())
    if failed:
        remarks.append(
            f"{len(failed)} exposures did not move as predicted; they were left as they were."
        )
    remarks += [f"{one.rootname}: {one.reason}" for one in moved]
    if left:
        remarks.append(f"{len(left)} exposures were left: see `skydb align show`.")
    return Result(
        outcomes,
        remarks=remarks,
        has_failed=bool(failed),
        is_flagged=bool(is_flagged or left or moved),
    )
