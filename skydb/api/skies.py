"""Sky runs, and what they found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from skydb.api.base import Facade, run_number, table_of
from skydb.domain.guards import GuardPolicy
from skydb.domain.vocabulary import COMPUTED_METHODS, Engine, SkyMethod
from skydb.services.intake import Division, Selection

if TYPE_CHECKING:
    from astropy.table import QTable

    from skydb.drizzle.settings import AstroDrizzleSettings


class SkyFacade(Facade):
    """Sky runs, and what they found."""

    def sky_run(
        self,
        methods: Iterable[SkyMethod | str] = COMPUTED_METHODS,
        selection: Selection | None = None,
        settings: AstroDrizzleSettings | None = None,
        *,
        options: Mapping[str, object] | None = None,
        preset: str | None = None,
        engine: Engine | str | None = None,
        mosaic: bool = True,
        force: bool = False,
        each: Division | str | None = None,
        jobs: int = 2,
        executor: str | None = None,
        selftest: bool = True,
        per_chip: bool = False,
    ) -> QTable:
        """Run skymethods and record what they found.

        The engine is AstroDrizzle, or skydb itself when no mosaic is wanted. With `each`,
        every visit, target or proposal is a field of its own; `executor` is the
        ``dask://HOST:PORT`` of a cluster that does the work. `options` are AstroDrizzle's,
        checked against its own specification, and win over `settings` or the named `preset`. With
        `per_chip` every chip has a sky of its own, by the engine skydb.
        """
        sky_runs = self.services.sky(jobs, executor)
        chosen = selection or Selection()
        runs = sky_runs.run(
            [SkyMethod(method) for method in methods],
            chosen,
            settings,
            options=options,
            preset=preset,
            engine=None if engine is None else Engine(engine),
            mosaic=mosaic,
            force=force,
            selftest=selftest,
            fields=sky_runs.fields(chosen, Division(each)) if each else (),
            per_chip=per_chip,
        )
        return table_of(runs)

    def drizzle(
        self,
        selection: Selection | None = None,
        *,
        preset: str = "hap",
        options: Mapping[str, object] | None = None,
        method: SkyMethod | str = SkyMethod.LOCALMIN,
        force: bool = False,
        strict: bool = False,
        allow: Iterable[str] = (),
        selftest: bool = True,
    ) -> QTable:
        """Make a visit-level DRZ or DRC of the exposures of each visit, filter and detector.

        Cosmic rays are rejected as the preset says: ``hap`` (by detector and number of
        exposures), ``tutorial`` or one of the ledger; `options` are AstroDrizzle's and win.
        What was made before of the same files with the same parameters is found, unless
        `force`. A product is fitted, accepted and explained as the archive's are; its
        flavour is ``skydb``. `method` is the sky that is subtracted, unless the options
        give skies or none; `strict` and `allow` are about the guards of inputs.

        Returns
        -------
        QTable
            One row a product: ``visit``, ``filter``, ``product``, ``version``, ``path``,
            ``run``, ``members``, ``status`` and more.
        """
        rows = self.services.drizzle.drizzle(
            selection,
            preset=preset,
            options=options,
            method=SkyMethod(method),
            force=force,
            selftest=selftest,
            policy=GuardPolicy.of(strict=strict, allow=allow),
        )
        return table_of(rows)

    def sky_write_headers(self, run: int | str) -> QTable:
        """Write MDRIZSKY of one run into the headers of your own exposures.

        One row for every chip of every file, in the unit of BUNIT; see
        :meth:`restore_headers` for the way back.

        Raises
        ------
        NotFoundError
            When you have no file with the content that the run used.
        """
        rows = self.services.sky_headers.write(run_number(run))
        return table_of(asdict(row) for row in rows)

    def presets(self) -> QTable:
        """Presets: the tutorial's, HAP's and those of the ledger."""
        return table_of(self.services.presets.listed())

    def preset_show(
        self, name: str, *, detector: str | None = None, exposures: int = 4
    ) -> list[dict[str, object]]:
        """Options of a preset: ``name``, ``value`` and ``source`` of each.

        HAP's depend on the detector, that of the ledger's exposures when left out, and on
        the number of exposures.
        """
        return self.services.presets.show(name, detector, exposures)

    def preset_set(self, name: str, options: Mapping[str, object]) -> list[dict[str, object]]:
        """Keep options of AstroDrizzle under a name, instead of those that it had."""
        return self.services.presets.set(name, options)

    def preset_remove(self, name: str) -> None:
        """Forget a preset of the ledger; its runs keep their values."""
        self.services.presets.remove(name)

    def sky_advise(self, selection: Selection | None = None) -> QTable:
        """Name the sky method for some exposures: one row a method, ``chosen`` in one or none.

        ``meta["summary"]`` says in one sentence which and why.
        """
        advice = self.services.advise.advise(selection).advice
        table = table_of(asdict(row) for row in advice.rows)
        table.meta["summary"] = advice.summary
        return table

    def sky_audit(self, run: int | str, *, per_chip: bool = False) -> QTable:
        """What a run left between every pair of overlapping exposures, or chips.

        Columns ``component`` and following say what kind of error is left in the run as a
        whole: of an exposure, of a chip, or a gradient.
        """
        found = self.services.audit.audit(run_number(run))
        return table_of(found.chip_rows() if per_chip else found.rows())
