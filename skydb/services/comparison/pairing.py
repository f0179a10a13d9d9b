"""Pairs of values of a chip to compare: the runs of each method, in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from skydb.domain import SkyRun
from skydb.domain.vocabulary import SkyMethod

#: Exposure key and EXTVER.
Chip = tuple[int, int]
#: Runs that were to do a method or did it, in the order of comparison.
Series = Mapping[SkyMethod, Sequence[SkyRun]]
#: Chips of each run, and whether it has a value of them.
Chips = Mapping[int, Mapping[Chip, bool]]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Link:
    """Two runs that have a value of one chip; a run alone stands on its side."""

    method: SkyMethod
    chip: Chip
    one: SkyRun | None
    other: SkyRun | None

    @property
    def runs(self) -> list[SkyRun]:
        """The runs, one or two."""
        return [run for run in (self.one, self.other) if run is not None]

    @property
    def is_alone(self) -> bool:
        """Whether there is nothing to compare with."""
        return self.one is None or self.other is None


def by_date(runs: Iterable[SkyRun]) -> list[SkyRun]:
    """Runs in the order in which they ran; those of unknown date first."""
    return sorted(runs, key=lambda run: (run.started_at or _LONG_AGO, run.id))


def series_of(runs: Sequence[SkyRun]) -> dict[SkyMethod, list[SkyRun]]:
    """Runs by the method they did, and by the one they were to do."""
    return {method: [run for run in runs if concerns(run, method)] for method in SkyMethod}


def concerns(run: SkyRun, method: SkyMethod) -> bool:
    """Whether a run did a method or was to do it."""
    return method in (run.effective_method, run.requested_method)


def best_of(runs: Iterable[SkyRun], method: SkyMethod) -> SkyRun | None:
    """The newest run that did a method, else the newest one that was to do it."""
    found = [run for run in runs if concerns(run, method)]
    return max(found, key=lambda run: (run.effective_method is method, run.id), default=None)


def links(series: Series, chips: Chips, wanted: Set[int] | None) -> list[Link]:
    """Pair the values to compare.

    A value is compared with that of the last run before that really used the method and has a
    value. A run in between that was downgraded, or in which the exposure had nothing to be
    matched to, does not show what changed since.

    Parameters
    ----------
    series : mapping of SkyMethod to sequence of SkyRun
        In the order of comparison.
    chips : mapping of int to mapping
        Chips of each run, by run, and whether it has a value of them.
    wanted : set of int, optional
        Exposures that are asked for; all when None.

    Returns
    -------
    list of Link
        Chip by chip; a value that nothing can be compared with stands alone.
    """
    found = [link for method, runs in series.items() for link in _chains(method, runs, chips)]
    kept = [link for link in found if wanted is None or link.chip[0] in wanted]
    paired = {(run.id, link.chip) for link in kept if not link.is_alone for run in link.runs}
    return [
        link for link in kept if not link.is_alone or (link.runs[0].id, link.chip) not in paired
    ]


def _chains(method: SkyMethod, runs: Sequence[SkyRun], chips: Chips) -> Iterator[Link]:
    for chip, having in sorted(_by_chip(runs, chips).items()):
        if len(having) == 1:
            is_first = having[0] is runs[0]
            yield Link(method, chip, *((having[0], None) if is_first else (None, having[0])))
        for baseline, run in zip(_baselines(having, method, chip, chips), having[1:], strict=False):
            yield Link(method, chip, baseline, run)


def _by_chip(runs: Sequence[SkyRun], chips: Chips) -> dict[Chip, list[SkyRun]]:
    found: dict[Chip, list[SkyRun]] = {}
    for run in runs:
        for chip in chips.get(run.id, ()):
            found.setdefault(chip, []).append(run)
    return found


def _baselines(
    runs: Iterable[SkyRun], method: SkyMethod, chip: Chip, chips: Chips
) -> Iterator[SkyRun]:
    """After each run, the last one so far that says most: with a value, by the method, any."""
    best: tuple[tuple[bool, bool], SkyRun] | None = None
    for run in runs:
        is_good = run.effective_method is method
        rank = (is_good and chips[run.id][chip], is_good)
        if best is None or rank >= best[0]:
            best = rank, run
        yield best[1]
