"""Fits and the ledger of every WCS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.api.base import Facade, run_number, solution_number, table_of
from skydb.api.roads import chosen_groups, chosen_road
from skydb.domain.vocabulary import AlignmentRoad

if TYPE_CHECKING:
    from astropy.table import QTable

    from skydb.domain.guards import GuardPolicy
    from skydb.drizzle.settings import TweakRegSettings
    from skydb.services.intake import Selection


class AlignmentFacade(Facade):
    """Fits and the ledger of every WCS."""

    def align_run(
        self,
        refcat: str | Sequence[str] | None = None,
        products: Sequence[str] = (),
        settings: TweakRegSettings | None = None,
        *,
        what: str | None = None,
        group_by: str = "visit",
        relative: bool = False,
        options: Mapping[str, object] | None = None,
        selection: Selection | None = None,
        policy: GuardPolicy | None = None,
    ) -> QTable:
        """Fit drizzled products, single exposures or groups of them; nothing is changed.

        Parameters
        ----------
        refcat : str or sequence of str
            Reference catalogue; of several the first that gives a trusted fit is taken, file
            by file. None only with `relative`.
        products : sequence of str
            References (``*_drz.fits``, ``ibxl50clq``); all files of the selection when empty.
        settings : TweakRegSettings, optional
            Not for groups, which TweakReg does not fit.
        what : str, optional
            ``drizzled`` (the default), ``exposures`` or ``group``.
        group_by : str
            ``visit``, ``target`` or ``orbit``: the exposures that are one rigid body.
        relative : bool
            Align visits to each other, without a catalogue.
        options : mapping, optional
            TweakReg's, checked against its own specification; they win over `settings`. Of
            groups only ``fitgeometry``.
        selection : Selection, optional
            Only these exposures, or products that are made of them.
        policy : GuardPolicy, optional
            What is said of the guards of inputs.

        Raises
        ------
        UsageError
            When options do not go together.
        NotFoundError, FileRejectedError, InputsRefusedError, ToolError
            As the commands refuse.
        """
        given = dict(options or {})
        road = chosen_road(what, relative=relative)
        geometry = given.get("fitgeometry")
        groups = chosen_groups(
            road,
            refcat,
            given,
            group_by=group_by if road is AlignmentRoad.GROUP else None,
            geometry=None if geometry is None else str(geometry),
            relative=relative,
        )
        if groups is not None:
            run = self.services.align_groups.run(
                refcat, products, groups, selection=selection, policy=policy
            )
            return self.align_show(run)
        run = self.services.align.run(
            refcat or (),
            products,
            _with_options(road, settings, given),
            what=road,
            selection=selection,
            policy=policy,
        )
        return self.align_show(run)

    def align_show(self, run: int | str) -> QTable:
        """Fits of an alignment run beside the archive's solutions."""
        return table_of(self.services.questions.alignment(run_number(run)))

    def align_accept(
        self, run: int | str, *, force_why: str | None = None, write_headers: bool = False
    ) -> QTable:
        """Apply exactly the fits of a run and measure what came of it.

        Fits that are not trusted are left as they are, unless there is a reason to force.
        Your own files are changed only with `write_headers`; see :meth:`restore_headers`.
        What was interrupted before they were written is completed by asking again.
        """
        run = run_number(run)
        if write_headers:
            outcomes, _ = self.services.headers.accept(run, force_why=force_why)
        else:
            outcomes = self.services.accept.accept(run, force_why=force_why)
        return table_of(asdict(outcome) for outcome in outcomes)

    def restore_headers(self, activity: int | str) -> QTable:
        """Put back the headers of your own files that an activity had written."""
        return table_of(
            asdict(change) for change in self.services.headers.restore(run_number(activity))
        )

    def align_reject(self, run: int | str, why: str) -> int:
        """Refuse the fits of a run; the number refused."""
        return self.services.accept.reject(run_number(run), why)

    def align_history(self, name: str | None = None, *, visit: str | None = None) -> QTable:
        """Every solution of an exposure or product, or of all files of a visit."""
        from skydb.store.scope import Scope

        scope = Scope(visits=(visit,) if visit else ())
        return table_of(self.services.questions.alignment_history(name, scope))

    def align_diff(self, a: int | str, b: int | str) -> QTable:
        """How far two solutions of an image are apart, and what may be the cause."""
        found = asdict(self.services.wcs_diff.diff(solution_number(a), solution_number(b)))
        found["cause"] = ", ".join(found["cause"])
        return table_of([{key: value for key, value in found.items() if key != "because"}])

    def align_restore(self, solution: int | str) -> QTable:
        """Write an earlier solution to a new version of its file."""
        return table_of([asdict(self.services.wcs_ledger.restore(solution_number(solution)))])

    def align_export(self, solution: int | str, headerlet: str | Path) -> QTable:
        """Write a solution as a headerlet."""
        return table_of(
            [asdict(self.services.wcs_ledger.export(solution_number(solution), Path(headerlet)))]
        )


def _with_options(
    road: AlignmentRoad, settings: TweakRegSettings | None, options: Mapping[str, object]
) -> TweakRegSettings | None:
    """Settings with options of TweakReg, typed or as text."""
    from skydb.drizzle.usual import usual_settings

    if not options:
        return settings
    if settings is None:
        return usual_settings(road, options)
    return replace(settings, extra={**settings.extra, **options})
