"""Fits to one catalogue, judged one by one while TweakReg goes on."""

from __future__ import annotations

from collections.abc import Sequence

from skydb.domain import ProductVersion
from skydb.drizzle.starlists import StarFinder
from skydb.drizzle.tweakreg import ProductFit
from skydb.services.alignment.attempts import Attempt, Told
from skydb.services.alignment.fitrecord import wcs_in_force
from skydb.services.alignment.reference import Reference
from skydb.services.alignment.screening import FittedFile, Jury
from skydb.services.core import Context


class Bench:
    """Judges the fits of files to one catalogue in whatever order they come.

    Parameters
    ----------
    context : Context
        Where the files are on record.
    catalog : str
        Name of the catalogue.
    found : sequence of Reference
        The catalogue as each file gets it.
    finder : StarFinder
        Of the run.
    told : callable
        Told of each fit with what is known of it then. A fit whose trust changes by one that
        comes later is told of again.
    """

    def __init__(
        self,
        context: Context,
        catalog: str,
        found: Sequence[Reference],
        finder: StarFinder,
        told: Told,
    ) -> None:
        self.found, self.finder = found, finder
        self._context, self._catalog, self._told = context, catalog, told
        self._references = {one.target.path: one for one in found}
        self._by_version = {one.target.version_id: one for one in found}
        self._fits: dict[int, ProductFit] = {}
        self._scores: dict[int, float] = {}
        self._jury = Jury()

    def hear(self, fit: ProductFit) -> None:
        """Judge a fit that will not be made anew; one that failed is only told of."""
        one = self._references[fit.product]
        key = one.target.version_id
        self._fits[key] = fit
        others = self._look_at(one, fit) if fit.is_fitted else []
        for known in (key, *others):
            attempt = self._attempt(known)
            if self._scores.get(known) != attempt.score:
                self._scores[known] = attempt.score
                self._told(attempt)

    def attempts(self) -> list[Attempt]:
        """All fits, in order, judged with all that is known."""
        return [self._attempt(key) for key in self._by_version]

    def _look_at(self, one: Reference, fit: ProductFit) -> list[int]:
        key = one.target.version_id
        with self._context.store.reading() as session:
            archive = wcs_in_force(session.get_one(ProductVersion, key))
        file = FittedFile(fit, one.target.path, archive, one.motion, self.finder)
        return self._jury.hear(key, file)

    def _attempt(self, key: int) -> Attempt:
        report = self._jury.report(key) if key in self._jury else None
        return Attempt(self._catalog, self._by_version[key], self._fits[key], report)
