"""Statistics of sky values per visit, filter, detector or proposal; units are never mixed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from skydb.domain.grouping import StatisticsBy
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import NotFoundError
from skydb.services.comparison.robust import Integers, Robust, distinct, doubles, integers, robust
from skydb.services.comparison.zeros import Links, Zero, shared_zeros
from skydb.store.manypacks import together
from skydb.store.packed_queries import needs_rows, packs_by
from skydb.store.scope import Scope
from skydb.store.skypacks import DOWNGRADED, FLAGS, IMPORTED, REPLAY, WIDTH, Section, unpacked
from skydb.store.statistics_queries import split_runs
from skydb.store.unit_of_work import Store

#: Name of an unknown key, method or unit.
UNKNOWN = "unknown"
#: Rows that are computed together, as numpy takes as long for one as for many; of so many chips at
#: most, so that little is in memory twice.
_TOGETHER, _CHIPS_TOGETHER = 1000, 100_000

#: Packs that are left as they are, and those that are better looked at one by one.
_FEW, _FEWEST = 1024, 8
_ORDER = [method.value for method in SkyMethod]
_RELATIVE = SkyMethod.MATCH.value

_Key = str | int | None


@dataclass(frozen=True, slots=True)
class SkyStatistics:
    """Sky of one visit, filter, detector or proposal by one method, in one unit.

    The newest value of every chip counts, from any run.

    Parameters
    ----------
    key : str
        Visit, filter, detector or proposal; ``unknown`` for exposures from a log.
    method, unit : str
        Method that really ran, and unit of all numbers; or ``unknown``.
    exposures, chips : int
        How many have a value.
    median, least, greatest : float or None
        None for values that are relative to several runs without a common zero, or to islands
        of a run that share no sky.
    scatter : float or None
        1.48 times the median absolute deviation; of values without a common zero from the
        median of their own run. None for a single chip, and with such islands.
    method_spread, method_spread_max : float or None
        Largest less least of the methods of one group of runs, each less the median of its
        run: the median and the largest over the chips. None where no chip has two methods.
    runs, downgraded_runs, imported_runs, replayed_runs : int
        Runs that ever gave values here; those to which another method had been asked for,
        those from a log, and those that repeat another one.
    zero : str
        Where the zero of the numbers lies: ``absolute``, or ``absolute, with islands of run 7``
        where that run matched groups apart that share no sky; ``run 7``, on whose zero the values
        of all runs were put by the chips that they have in common; ``apart, 3 runs``; or
        ``islands of run 7``.
    """

    key: str
    method: str
    unit: str
    exposures: int
    chips: int
    median: float | None
    scatter: float | None
    least: float | None
    greatest: float | None
    method_spread: float | None
    method_spread_max: float | None
    runs: int
    downgraded_runs: int
    imported_runs: int
    replayed_runs: int
    zero: str

    @property
    def is_of_islands(self) -> bool:
        """Whether the values have several zeros within a run, and so no median."""
        return self.median is None and "islands" in self.zero


@dataclass(slots=True)
class _Values:
    """The values of one method, section after section, as numbers of a pack."""

    sections: int = 0
    exposures: int = 0
    chips: int = 0
    counts: tuple[int, int, int, int] = (0, 0, 0, 0)
    values: bytearray = field(default_factory=bytearray)
    counted: bytearray = field(default_factory=bytearray)
    of_runs: bytearray = field(default_factory=bytearray)
    levels: bytearray = field(default_factory=bytearray)

    def add(self, section: Section, packs: int = 1) -> None:
        self.sections += packs
        self.exposures += section.exposures
        self.chips += section.chips
        self.counts = (section.runs, section.downgraded, section.imported, section.replays)
        self.values += section.values
        self.counted += section.counted
        self.of_runs += section.of_runs
        self.levels += section.levels

    def runs(self) -> tuple[int, ...]:
        """Count runs, downgraded, imported and repeating ones: each once."""
        if self.sections == 1:
            return self.counts
        runs = distinct(self.counted)
        special = (DOWNGRADED, IMPORTED, REPLAY)
        return (runs.size, *(int(np.count_nonzero(runs & flag)) for flag in special))


@dataclass(slots=True)
class _Gathered:
    """Packs of one key and unit: as they are while they are few, or else put together."""

    packs: list[bytes] = field(default_factory=list)
    spreads: bytearray = field(default_factory=bytearray)
    methods: dict[str, _Values] = field(default_factory=dict)

    def add(self, pack: bytes) -> None:
        self.packs.append(pack)
        if len(self.packs) > _FEW:
            self.put_together()

    def put_together(self) -> None:
        if len(self.packs) < _FEWEST:
            parts = [(spreads, [(one, 1) for one in sections])
                     for spreads, sections in map(unpacked, self.packs)]  # fmt: skip
        else:
            parts = [together(self.packs)]
        for spreads, sections in parts:
            self.spreads += spreads
            for section, packs in sections:
                known = self.methods.get(section.method)
                if known is None:
                    known = self.methods[section.method] = _Values()
                known.add(section, packs)
        self.packs.clear()

    def relative_runs(self) -> Integers:
        """Runs of the values that are relative, each once; none when they are of one run."""
        runs = [bytes(self.methods[_RELATIVE].of_runs)] if _RELATIVE in self.methods else []
        for pack in self.packs:
            runs += [one.of_runs for one in unpacked(pack)[1] if one.method == _RELATIVE]
        joined = b"".join(runs)
        is_of_one = joined == joined[:WIDTH] * (len(joined) // WIDTH)
        return distinct(b"" if is_of_one else joined)


@dataclass(frozen=True, slots=True)
class _Group:
    """Values behind one row of the statistics."""

    key: _Key
    unit: str | None
    method: str
    values: _Values
    spreads: bytearray


@dataclass(frozen=True)
class StatisticsService:
    """Medians of what is kept of each visit, or of its rows; reads, never writes."""

    store: Store

    def statistics(
        self,
        by: StatisticsBy,
        method: SkyMethod | None = None,
        scope: Scope | None = None,
        *,
        replays: bool = False,
    ) -> list[SkyStatistics]:
        """One row a visit (filter, detector, proposal), method and unit.

        Parameters
        ----------
        by : StatisticsBy
            Property by which rows are grouped.
        method : SkyMethod, optional
            Only this one; the spread is that of all methods all the same.
        scope : Scope, optional
            Which exposures; all when left out.
        replays : bool
            Also runs that repeat another one.

        Raises
        ------
        NotFoundError
            When there are no such exposures or values.
        """
        wanted = scope or Scope()
        with self.store.reading() as session:
            if needs_rows(wanted):
                wanted.exposure_ids(session)
            gathered: dict[tuple[_Key, str | None], _Gathered] = defaultdict(_Gathered)
            links = Links() if wanted.is_everything else None
            for some in packs_by(session, by, wanted, replays=replays):
                for _, key, unit, pack in some:
                    gathered[key, unit].add(pack)
                if links is not None:
                    links.add(some)
            if not gathered:
                wanted.require(session)
            several = [runs for one in gathered.values() if (runs := one.relative_runs()).size > 1]
            split = split_runs(session)
            zeros = {run: Zero(run, is_split=True) for run in split}
            zeros |= shared_zeros(session, several, split, links, replays=replays)
            rows = [row for some in _together(_groups(gathered)) for row in _rows(some, zeros)]
            rows.sort(key=_place)
        if not rows:
            raise NotFoundError(
                f"There are no sky values{'' if wanted.is_everything else f' of {wanted.label}'}.",
                advice="Start with `skydb sky run`.",
            )
        return [row for row in rows if method is None or row.method == method.value]


def _groups(gathered: dict[tuple[_Key, str | None], _Gathered]) -> Iterator[_Group]:
    """Groups key by key; what was given on is forgotten."""
    for key, unit in sorted(gathered, key=lambda place: (_shown(place[0]), place[1] or "")):
        one = gathered.pop((key, unit))
        one.put_together()
        for method, values in one.methods.items():
            if values.chips:
                yield _Group(key, unit, method, values, one.spreads)


def _together(groups: Iterator[_Group]) -> Iterator[list[_Group]]:
    """Groups a few at a time."""
    some: list[_Group] = []
    chips = 0
    for group in groups:
        some.append(group)
        chips += group.values.chips
        if len(some) == _TOGETHER or chips > _CHIPS_TOGETHER:
            yield some
            some, chips = [], 0
    yield some


def _place(row: SkyStatistics) -> tuple[str, int, str]:
    known = row.method in _ORDER
    return row.key, _ORDER.index(row.method) if known else len(_ORDER), row.unit


class _Placed(NamedTuple):
    """Values of a group with their zero; whether they are on it, and of islands of runs."""

    values: bytes | bytearray
    zero: str
    is_common: bool = True
    is_split: bool = False


def _rows(groups: Sequence[_Group], zeros: Mapping[int, Zero]) -> list[SkyStatistics]:
    placed = [_on_one_zero(group, zeros) for group in groups]
    values = robust([one.values for one in placed])
    levels = robust(
        [
            b"" if one.is_common else group.values.levels
            for group, one in zip(groups, placed, strict=True)
        ]
    )
    spreads = robust([group.spreads for group in groups])
    return [
        _statistics(group, one, place, values, levels, spreads)
        for place, (group, one) in enumerate(zip(groups, placed, strict=True))
    ]


def _statistics(
    group: _Group, placed: _Placed, place: int, values: Robust, levels: Robust, spreads: Robust
) -> SkyStatistics:
    of, is_common = group.values, placed.is_common
    runs, downgraded, imported, replays = of.runs()
    scatter = (values if is_common else levels).scatter[place]
    return SkyStatistics(
        key=_shown(group.key),
        method=group.method or UNKNOWN,
        unit=group.unit or UNKNOWN,
        exposures=of.exposures,
        chips=of.chips,
        median=values.median[place] if is_common else None,
        scatter=scatter if of.chips > 1 and not placed.is_split else None,
        least=values.least[place] if is_common else None,
        greatest=values.greatest[place] if is_common else None,
        method_spread=spreads.median[place] if group.spreads else None,
        method_spread_max=spreads.greatest[place] if group.spreads else None,
        runs=runs,
        downgraded_runs=downgraded,
        imported_runs=imported,
        replayed_runs=replays,
        zero=placed.zero,
    )


def _on_one_zero(group: _Group, zeros: Mapping[int, Zero]) -> _Placed:
    """Values on a common zero where they have one."""
    values = group.values.values
    if group.method != _RELATIVE:
        return _Placed(values, _absolute(group, zeros))
    runs = distinct(group.values.of_runs)
    # A run that is not among them has a zero of its own.
    mine = {run: zeros[run] for run in runs.tolist() if run in zeros}
    split = next((zero for zero in mine.values() if zero.is_split), None)
    if split is not None:
        several = f"apart, {runs.size} runs, with islands" if runs.size > 1 else str(split)
        return _Placed(values, several, is_common=False, is_split=True)
    if runs.size - len(mine) + len({zero.run for zero in mine.values()}) > 1:
        return _Placed(values, f"apart, {runs.size} runs", is_common=False)
    shifts = np.array([mine[run].shift if run in mine else 0.0 for run in runs.tolist()])
    places = np.searchsorted(runs, integers(group.values.of_runs))
    zero = next(iter(mine.values()), None) or Zero(int(runs[0]))
    return _Placed((doubles(values) + shifts[places]).tobytes(), str(zero))


def _absolute(group: _Group, zeros: Mapping[int, Zero]) -> str:
    """Zero of values that have one, with the islands that were matched apart from each other."""
    if group.method == SkyMethod.GLOBALMIN_MATCH:
        runs = np.unique(distinct(group.values.counted) // FLAGS).tolist()
        split = (zeros[run] for run in runs if run in zeros and zeros[run].is_split)
        return next((f"absolute, with {zero}" for zero in split), "absolute")
    return "absolute"


def _shown(key: _Key) -> str:
    return UNKNOWN if key is None else str(key)
