"""Fits and the ledger of every WCS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.api.base import Facade, run_number, solution_number, table_of
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
        refcat: str | Sequence[str],
        products: Sequence[str] = (),
        settings: TweakRegSettings | None = None,
        *,
        what: str = "drizzled",
        options: Mapping[str, object] | None = None,
        selection: Selection | None = None,
        policy: GuardPolicy | None = None,
    ) -> QTable:
        """Fit drizzled products, or single exposures, to a catalogue; nothing is changed.

        Products are named by references (``*_drz.fits``, ``product:12``) and selected by
        the exposures that they are made of; `policy` is about the guards of inputs.
        With ``what="exposures"`` each FLT or FLC is fitted by itself.
        Of several catalogues the first that gives a trusted fit is taken, file by file.
        `options` are TweakReg's, checked against its own specification, and win over
        `settings`.
        """
        road = AlignmentRoad(what)
        run = self.services.align.run(
            refcat,
            products,
            _with_options(road, settings, options or {}),
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
