"""``ledger.sky``: sky runs, and their audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from skydb.api.base import run_number
from skydb.api.checking import counts, directory
from skydb.api.checking import options as named_options
from skydb.api.results import DrawnResult, Result
from skydb.api.selecting import (
    Guarding,
    Selecting,
    member,
    policy_of,
    scope_of,
    selection_of,
)
from skydb.api.sky_comparison import SkyComparisonGroup
from skydb.api.sky_files import SkyFilesGroup
from skydb.api.sky_methods import methods_to_run
from skydb.domain.grouping import Division
from skydb.domain.vocabulary import Engine

if TYPE_CHECKING:
    from skydb.drizzle.settings import AstroDrizzleSettings
    from skydb.services.skies import FoundSkies, SelectionAdvice


class SkyRuns(Result):
    """Sky runs: requested and effective method, status, mosaic of each."""


class Advice(Result):
    """Sky methods with the evidence for each; ``chosen`` in one row, or in none.

    Attributes
    ----------
    summary : str
        Which method, and why, in one sentence.
    """

    summary: str


class SkyAudit(DrawnResult):
    """Residuals of a run between every pair of overlapping exposures, or chips.

    Attributes
    ----------
    ranking : Result
        Runs of the same exposures, the best first.
    """

    ranking: Result


class SkyGroup(SkyComparisonGroup, SkyFilesGroup):
    """Sky runs, their comparison and their audit."""

    def run(
        self,
        method: str | Iterable[str] = "all",
        *,
        settings: AstroDrizzleSettings | None = None,
        options: Mapping[str, object] | None = None,
        preset: str | None = None,
        engine: str | None = None,
        mosaic: bool = True,
        force: bool = False,
        each: str | None = None,
        jobs: int = 2,
        executor: str | None = None,
        selftest: bool = True,
        per_chip: bool = False,
        check_frames: bool = False,
        **chosen: Unpack[Guarding],
    ) -> SkyRuns:
        """Run sky methods on pristine copies of exposures, and record what ran.

        A run with the same inputs, parameters and software is found, not repeated.

        Parameters
        ----------
        method : str or iterable of str
            ``localmin``, ``match``, ``globalmin+match``, ``globalmin``, several of them, or
            ``all``.
        settings : AstroDrizzleSettings, optional
        options : mapping, optional
            AstroDrizzle's, checked against its own specification; they win over `settings`
            and `preset`.
        preset : str, optional
            ``tutorial``, ``hap``, or one of the ledger.
        engine : str, optional
            ``astrodrizzle`` (the default with mosaics) or ``skydb``, all methods in one pass.
        mosaic : bool
            Mosaics, or sky values only.
        force : bool
            Run again what was run before.
        each : str, optional
            Every ``visit``, ``target`` or ``proposal`` is a field of its own.
        jobs : int
            Runs, or exposures, at the same time.
        executor : str, optional
            ``dask://HOST:PORT`` of a cluster, instead of this machine.
        selftest : bool
            Check a new environment first.
        per_chip : bool
            A sky for every chip, not exposure; by the engine ``skydb``.
        check_frames : bool
            Compare the positions of sources in the overlaps first.
        **chosen
            Exposures, versions, files and guards: see :class:`.Guarding`.

        Raises
        ------
        UsageError
            When options do not go together, or AstroDrizzle has no such option.
        NotFoundError, InputsRefusedError, ToolError
            As the command refuses.

        Examples
        --------
        >>> runs = db.sky.run(method="match", engine="skydb", mosaic=False)
        >>> runs[0].effective_method, runs[0].status
        ('match', 'succeeded')
        """
        from skydb.drizzle.settings import require_options

        counts(jobs=jobs)
        options = named_options(options)
        require_options(options)
        methods, wanted = methods_to_run(method), member(Engine, engine, "engine")
        division = member(Division, each, "kind of field")
        selection, policy = selection_of(chosen), policy_of(chosen)
        service = self._services.sky(jobs, executor)
        rows = service.run(
            methods,
            selection,
            settings,
            options=options,
            preset=preset,
            engine=wanted,
            mosaic=mosaic,
            force=force,
            selftest=selftest,
            fields=service.fields(selection, division) if division else (),
            policy=policy,
            check_frames=check_frames,
            per_chip=per_chip,
        )
        return SkyRuns(
            rows,
            remarks=_remarks(rows),
            has_failed=any(row["status"] != "succeeded" for row in rows),
            is_flagged=any(row["downgraded"] or row["findings"] for row in rows),
        )

    def inputs(self, *, each: str | None = None, **chosen: Unpack[Guarding]) -> Result:
        """Show the files that :meth:`run` would use, and why these; nothing runs.

        Parameters
        ----------
        each : str, optional
            Fields by ``visit``, ``target`` or ``proposal``.
        **chosen
            Exposures: see :class:`.Guarding`.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> db.sky.inputs(exposure="ibxl50clq")[0].kind
        'flt'
        """
        division = member(Division, each, "kind of field")
        selection = selection_of(chosen)
        service = self._services.sky()
        fields = service.fields(selection, division) if division else (selection,)
        return Result(row for one in fields for row in service.explain(one))

    def advise(self, **chosen: Unpack[Guarding]) -> Advice:
        """Name the sky method that suits exposures, with the numbers for and against each.

        Parameters
        ----------
        **chosen
            Exposures: see :class:`.Guarding`.

        Returns
        -------
        Advice
            One row a method: ``residual_rms``, ``expected_rms``, ``chosen``, ``reason``.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> [row.method for row in db.sky.advise() if row.chosen]
        ['match']
        """
        selection, policy = selection_of(chosen), policy_of(chosen)
        found = self._services.advise.advise(selection, policy)
        advice = Advice(
            found.advice.rows, remarks=_advice_remarks(found), is_flagged=found.is_flagged
        )
        advice.summary = found.advice.summary
        return advice

    def audit(
        self, run: int | str, *, per_chip: bool = False, **chosen: Unpack[Selecting]
    ) -> SkyAudit:
        """Measure what a run left between every pair of overlapping exposures.

        Parameters
        ----------
        run : int or str
        per_chip : bool
            A row for every pair of chips, not exposures.
        **chosen
            Only pairs with any of these exposures: see :class:`.Selecting`.

        Returns
        -------
        SkyAudit
            ``exposure_a``, ``exposure_b``, ``area_arcsec2``, ``before`` and ``after`` (in the
            unit of the images), ``island`` and more.

        Raises
        ------
        NotFoundError
            When there is no such sky run, or the selection finds nothing.

        Examples
        --------
        >>> db.sky.audit(8).ranking[0].method
        'match'
        """
        from skydb.services.skies import sentences

        scope, services = scope_of(chosen), self._services
        found = services.audit.audit(run_number(run))
        selected = services.coverage(scope).selected
        wanted = None if selected is None else selected.rootnames
        rows = found.chip_rows() if per_chip else found.rows()
        audit = SkyAudit(
            (
                row
                for row in rows
                if wanted is None or wanted & {row["exposure_a"], row["exposure_b"]}
            ),
            draw=lambda: self._pictures.audit(found),
            write=lambda out: self._pictures.write_audit(found, directory(out)),
            remarks=sentences(found),
            is_flagged=found.is_flagged,
        )
        audit.ranking = Result(found.ranking_rows())
        return audit

    def found(self, run: int | str) -> FoundSkies:
        """Skies and masks of cosmic rays of a run, for a comparison with a known truth.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.

        Raises
        ------
        NotFoundError
            When there is no such sky run.

        Examples
        --------
        >>> len(db.sky.found(8).skies) > 0
        True
        """
        return self._services.audit.found(run_number(run))


def _remarks(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Findings and errors of runs; what several runs share is said once."""
    runs: dict[str, list[str]] = {}
    for row in rows:
        for sentence in [*row["findings"], *([row["error"]] if row["error"] else [])]:
            runs.setdefault(sentence, []).append(str(row["run"]))
    return [
        f"{'runs' if len(of) > 1 else 'run'} {', '.join(of)}: {sentence}"
        for sentence, of in runs.items()
    ]


def _advice_remarks(found: SelectionAdvice) -> list[str]:
    """Give the method to use, and problems of the inputs."""
    said = [found.advice.summary]
    said += [f"{flag.guard}: {flag.subject}: {flag.message}" for flag in found.flags]
    if found.left_out:
        said.append(f"left out, without a good pixel: {', '.join(found.left_out)}")
    return said
