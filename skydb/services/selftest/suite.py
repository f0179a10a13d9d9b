"""All checks of the self-test, two subprocesses beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skydb.domain.selftest import CheckResult
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.errors import SkydbError
from skydb.services.selftest import cures, extraction, fits, footprints, skies
from skydb.services.selftest.fields import FieldMaker, TinyField
from skydb.threads import Threads

#: Tiny fields take seconds; whatever takes longer hangs.
TIMEOUT_S = 300.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Suite:
    """Checks of everything in an environment that can go wrong without an error.

    Parameters
    ----------
    fields : FieldMaker
        Who makes the exposures.
    runner : DrizzlepacRunner
        The subprocess under test.
    """

    fields: FieldMaker
    runner: DrizzlepacRunner = field(default_factory=lambda: DrizzlepacRunner(TIMEOUT_S))

    def run(self, scratch: Path, say: Say = lambda _: None) -> list[CheckResult]:
        """Make the fields below `scratch` and ask; no failure of a tool escapes.

        Returns
        -------
        list of CheckResult
            Skies, footprints and fits of each field, and the extraction of sources.
        """
        say("Self-test: simulating tiny fields")
        made = self.fields.make(scratch / "fields")
        say("Self-test: four sky methods on each")
        with Threads(2) as pool:
            drizzled = list(pool.map(lambda one: self._drizzle(one, scratch), made))
            say("Self-test: fits, footprints and sources")
            outlines = pool.submit(self._outlines, made, scratch)
            fitted = pool.submit(self._fits, made, drizzled, scratch)
            results = [
                result
                for one, outcome in zip(made, drizzled, strict=True)
                for result in _skies(one, outcome)
            ]
            return results + outlines.result() + fitted.result()

    def _drizzle(self, one: TinyField, scratch: Path) -> skies.DrizzledField | SkydbError:
        try:
            return skies.drizzle_field(self.runner, one, scratch / f"sky-{one.detector}")
        except SkydbError as error:
            return error

    def _outlines(self, made: Sequence[TinyField], scratch: Path) -> list[CheckResult]:
        results = []
        for one in made:
            where = scratch / f"footprints-{one.detector}"
            try:
                results.append(footprints.check_footprints(self.runner, one, where))
            except SkydbError as error:
                results += skies.skipped([f"footprints {one.detector}"], _why(error))
        return [*results, extraction.check_sources(self.runner, scratch / "sources")]

    def _fits(
        self,
        made: Sequence[TinyField],
        drizzled: Sequence[skies.DrizzledField | SkydbError],
        scratch: Path,
    ) -> list[CheckResult]:
        products = [
            (one, outcome.product)
            for one, outcome in zip(made, drizzled, strict=True)
            if isinstance(outcome, skies.DrizzledField)
        ]
        done = {one.detector for one, _ in products}
        lost = [check for one in made if one.detector not in done for check in _fit_checks(one)]
        results = skies.skipped(lost, "AstroDrizzle made no product")
        return results + (self._fit(products, scratch) if products else [])

    def _fit(self, products: Sequence[tuple[TinyField, Path]], scratch: Path) -> list[CheckResult]:
        checks = [check for one, _ in products for check in _fit_checks(one)]
        try:
            fitted = fits.fit_fields(self.runner, products, scratch / "tweakreg")
            results = [fits.check_fit(one) for one in fitted]
            good = [one for one in fitted if one.fit.is_fitted]
            if good:
                results += fits.check_tweakback(self.runner, good, scratch / "tweakback")
        except SkydbError as error:
            return skies.skipped(checks, _why(error))
        asked = {result.check for result in results}
        lost = [check for check in checks if check not in asked]
        return results + skies.skipped(lost, "there was no fit to apply")


def _fit_checks(one: TinyField) -> list[str]:
    return [f"fit {one.detector}", f"tweakback {one.detector}"]


def _skies(one: TinyField, outcome: skies.DrizzledField | SkydbError) -> list[CheckResult]:
    if isinstance(outcome, SkydbError):
        checks = [f"sky methods {one.detector}", f"sky values {one.detector}"]
        return skies.skipped(checks, _why(outcome))
    return [skies.check_methods(one, outcome), skies.check_values(one, outcome)]


def _why(error: SkydbError) -> str:
    return f"{cures.text_of(error)}; {cures.general()}"
