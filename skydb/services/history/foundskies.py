"""Runs of AstroDrizzle that were found, kept on disk until they are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skydb.services.history.packing import FoundSky, PackedSky
from skydb.services.history.plan import SkyPlan
from skydb.services.history.spool import Spool


class FoundSkies:
    """Thousands of runs, of which one at a time is in memory."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._found: list[FoundSky] = []

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[FoundSky]:
        return iter(self._found)

    def add(self, run: PackedSky) -> None:
        """Keep a run."""
        self._found.append(replace(run.facts, place=self._spool.keep(run.plan)))

    def plan(self, found: FoundSky) -> SkyPlan:
        """The plan of a run that was kept."""
        plan: SkyPlan = self._spool.load(found.place)
        return plan

    def close(self) -> None:
        """Forget all."""
        self._spool.close()
