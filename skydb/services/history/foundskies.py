"""Runs of AstroDrizzle that were found, kept on disk until they are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from skydb.domain.activity import fingerprint
from skydb.domain.vocabulary import SkyMethod
from skydb.services.history.plan import SkyPlan
from skydb.services.history.spool import Spool

#: Parameters that differ between the methods of one round.
_OWN = frozenset({"skymethod", "output", "runfile", "logfile"})


@dataclass(frozen=True, slots=True)
class FoundSky:
    """A run of AstroDrizzle, as much of it as its neighbours must know.

    Parameters
    ----------
    path : Path
        Its log, or its product.
    identity : str
        See :class:`~skydb.services.history.plan.Source`.
    first_line : int or None
        Its first line there.
    started_at, finished_at : datetime or None
        When it ran, as far as its log says.
    signature : str
        Directory, inputs, parameters and software: the same for the runs of a round.
    method : SkyMethod or None
        The method that ran, or that was asked for.
    has_failed : bool
        Whether its log gives a reason for a failure.
    exposures : int
        How many it was of.
    written : tuple of str
        Files that it wrote.
    place : int
        Of its plan, on the disk.
    """

    path: Path
    identity: str
    first_line: int | None
    started_at: datetime | None
    finished_at: datetime | None
    signature: str
    method: SkyMethod | None
    has_failed: bool
    exposures: int
    written: tuple[str, ...]
    place: int = 0

    @classmethod
    def of(cls, plan: SkyPlan, place: int = 0) -> Self:
        """The facts of a plan."""
        return cls(
            plan.source.path,
            plan.source.identity,
            plan.source.first_line,
            plan.started_at,
            plan.finished_at,
            _signature(plan),
            plan.effective or plan.requested,
            plan.error is not None,
            len(plan.exposures),
            plan.written,
            place,
        )


class FoundSkies:
    """Thousands of runs, of which one at a time is in memory."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._found: list[FoundSky] = []

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[FoundSky]:
        return iter(self._found)

    def add(self, plan: SkyPlan) -> None:
        """Keep a run."""
        self._found.append(FoundSky.of(plan, self._spool.keep(plan)))

    def plan(self, found: FoundSky) -> SkyPlan:
        """The plan of a run that was kept."""
        plan: SkyPlan = self._spool.load(found.place)
        return plan

    def close(self) -> None:
        """Forget all."""
        self._spool.close()


def _signature(plan: SkyPlan) -> str:
    sections = {
        section: {name: value for name, value in values.items() if name not in _OWN}
        for section, values in plan.parameters.get("astrodrizzle", {}).items()
    }
    return fingerprint(
        {
            "directory": str(plan.source.path.parent),
            "inputs": sorted(plan.inputs),
            "parameters": sections,
            "software": [plan.software.tool_version, dict(plan.software.packages)],
        }
    )
