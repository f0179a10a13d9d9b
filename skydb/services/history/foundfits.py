"""Runs of TweakReg that were found, kept on disk until they are recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from skydb.files.logs import LoggedAlignment
from skydb.services.history.alignplan import Latest, alignment_plan
from skydb.services.history.companions import Listing
from skydb.services.history.packing import FoundFit, PackedFit
from skydb.services.history.plan import AlignmentPlan
from skydb.services.history.spool import Spool


class FoundFits:
    """Thousands of runs, of which one at a time is in memory."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._found: list[FoundFit] = []

    def __len__(self) -> int:
        return len(self._found)

    def close(self) -> None:
        """Forget all."""
        self._spool.close()

    def add(self, run: PackedFit) -> None:
        """Keep a run."""
        self._found.append(replace(run.facts, place=self._spool.keep(run.rest)))

    @property
    def paths(self) -> list[Path]:
        """Files of the runs, in the order of :meth:`plans`."""
        return [one.path for one in self._in_order()]

    def plans(self) -> Iterator[AlignmentPlan]:
        """Yield plans in order of time, each compared with later runs in its directory."""
        runs = self._in_order()
        latest = []
        later: dict[Path, _Later] = defaultdict(_Later)
        homes = {path: path.parent for path in {one.path for one in runs}}
        for one in reversed(runs):
            latest.append(later[homes[one.path]].of(one))
            later[homes[one.path]].add(one)
        listings = {home: Listing(home) for home in later}
        for one, what in zip(runs, reversed(latest), strict=True):
            kept: AlignmentPlan | tuple[LoggedAlignment, dict[str, Any]]
            kept = self._spool.load(one.place)
            if isinstance(kept, AlignmentPlan):
                yield kept
            else:
                run, beside = kept
                yield alignment_plan(one.path, run, what, beside, listings[homes[one.path]])

    def _in_order(self) -> list[FoundFit]:
        return sorted(self._found, key=lambda one: (one.started_at, str(one.path), one.first_line))


@dataclass
class _Later:
    """Files that later runs of a directory have written."""

    products: set[str] = field(default_factory=set)
    shift_files: set[str | None] = field(default_factory=set)

    def of(self, one: FoundFit) -> Latest:
        """Find the files of a run that these have not overwritten."""
        own = (one.fitted | one.products) - self.products
        return Latest(own, one.shift_file not in self.shift_files)

    def add(self, one: FoundFit) -> None:
        """Count a run among the later ones."""
        self.products |= one.products
        self.shift_files.add(one.shift_file)
