"""Checks of fits to one catalogue, one by one while TweakReg continues."""

from __future__ import annotations

from collections.abc import Sequence

from skydb.domain import ProductVersion
from skydb.drizzle.starlists import StarFinder
from skydb.drizzle.tweakreg import ProductFit
from skydb.services.alignment.attempts import Attempt, OnAttempt
from skydb.services.alignment.fitrecord import wcs_in_force
from skydb.services.alignment.member_chips import member_outlines
from skydb.services.alignment.reference import Reference
from skydb.services.alignment.screening import FittedFile, TrustChecks
from skydb.services.core import Context


class FitChecks:
    """Checks the fits of files to one catalogue in any order.

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
    on_attempt : callable
        OnAttempt of each fit with what is known of it then. A fit whose trust changes by one that
        comes later is on_attempt of again.
    """

    def __init__(
        self,
        context: Context,
        catalog: str,
        found: Sequence[Reference],
        finder: StarFinder,
        on_attempt: OnAttempt,
    ) -> None:
        self.found, self.finder = found, finder
        self._context, self._catalog, self._on_attempt = context, catalog, on_attempt
        self._references = {one.target.path: one for one in found}
        self._by_version = {one.target.version_id: one for one in found}
        self._fits: dict[int, ProductFit] = {}
        self._scores: dict[int, float] = {}
        self._checks = TrustChecks()

    def add(self, fit: ProductFit) -> None:
        """Check a fit that is final; one that failed is only reported."""
        one = self._references[fit.product]
        key = one.target.version_id
        self._fits[key] = fit
        others = self._look_at(one, fit) if fit.is_fitted else []
        for known in (key, *others):
            attempt = self._attempt(known)
            if self._scores.get(known) != attempt.score:
                self._scores[known] = attempt.score
                self._on_attempt(attempt)

    def attempts(self) -> list[Attempt]:
        """All fits, in order, with all checks."""
        return [self._attempt(key) for key in self._by_version]

    def _look_at(self, one: Reference, fit: ProductFit) -> list[int]:
        key = one.target.version_id
        with self._context.store.reading() as session:
            version = session.get_one(ProductVersion, key)
            archive, outlines = wcs_in_force(version), member_outlines(session, version)
        file = FittedFile(fit, one.target.path, archive, one.motion, self.finder, outlines)
        return self._checks.add(key, file)

    def _attempt(self, key: int) -> Attempt:
        report = self._checks.report(key) if key in self._checks else None
        return Attempt(self._catalog, self._by_version[key], self._fits[key], report)
