"""Alignments from logs, and the sky runs that came after them in the same directory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from skydb.domain import SkyRun
from skydb.domain.vocabulary import SkyDiffCause, SkyMethod
from skydb.services.comparison.causes import Because
from skydb.store.version_queries import LoggedFit, logged_fits

#: Fits of one alignment run, by product.
Fits = Mapping[str, LoggedFit]


@dataclass(frozen=True)
class LoggedAlignments:
    """Alignment runs from logs, by the directory of the log."""

    by_directory: Mapping[str, list[Fits]]

    @classmethod
    def of(cls, session: Session, exposure_ids: Collection[int]) -> LoggedAlignments:
        """Load those of the visits of some exposures; one statement a batch."""
        runs: dict[tuple[str, int], dict[str, LoggedFit]] = defaultdict(dict)
        for fit in logged_fits(session, exposure_ids):
            directory = _directory(fit.parameters)
            if directory is not None:
                runs[directory, fit.run_id][fit.product] = fit
        by_directory: dict[str, list[Fits]] = defaultdict(list)
        for (directory, _), fits in runs.items():
            by_directory[directory].append(fits)
        return cls(by_directory)

    def before(self, run: SkyRun) -> Fits | None:
        """Find the last logged alignment before a sky run in its directory."""
        directory, started_at = _directory(run.parameters), run.started_at
        if directory is None or started_at is None:
            return None
        dated = {
            when: fits
            for fits in self.by_directory.get(directory, [])
            if (when := next(iter(fits.values())).started_at) is not None and when <= started_at
        }
        return dated[max(dated)] if dated else None

    def causes(self, one: SkyRun, other: SkyRun, method: SkyMethod) -> Because:
        """The cause ALIGNMENT, of a method that looks at overlaps.

        Where an image points does not change its own level.
        """
        before = [self.before(run) for run in (one, other)]
        if not method.needs_overlap or before[0] is None or before[1] is None:
            return {}
        outcomes = [{name: fit.outcome for name, fit in fits.items()} for fits in before if fits]
        if outcomes[0] == outcomes[1]:
            return {}
        return {SkyDiffCause.ALIGNMENT: [_description(fits) for fits in before if fits]}


def _directory(parameters: Mapping[str, Any]) -> str | None:
    log = parameters.get("log")
    directory = log.get("directory") if isinstance(log, Mapping) else None
    return str(directory) if directory else None


def _description(fits: Fits) -> str:
    """Such as ``run 2: 8 applied, 1 recorded``."""
    counts = Counter(fit.status.value for fit in fits.values())
    run_id = next(iter(fits.values())).run_id
    listed = ", ".join(f"{counts[status]} {status}" for status in sorted(counts))
    return f"run {run_id}: {listed}"
