"""The same chip and the same method in several runs: values, differences and their causes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from skydb.domain import SkyRun
from skydb.domain.vocabulary import SkyDiffCause, SkyMethod
from skydb.services.comparison.causes import (
    Because,
    ExposureSetDiff,
    causes_of_contents,
    causes_of_runs,
    in_order,
)
from skydb.services.comparison.logged import LoggedAlignments
from skydb.services.comparison.moves import Pointings
from skydb.services.comparison.pairing import Chip, Link, Series, links
from skydb.services.comparison.significance import compared
from skydb.services.comparison.zeros import FEWEST_FOR_OFFSET
from skydb.store import comparison_queries as selects
from skydb.store.comparison_queries import Content, Named, Value


@dataclass(frozen=True, slots=True)
class SkyChange:
    """One chip in two runs of one method.

    Parameters
    ----------
    rootname, extver, visit, filter, detector
        The chip.
    method : SkyMethod
        Method that both runs did or were to do.
    run_a, run_b : int or None
        The runs, in the order of comparison; None where there is none to compare with.
    started_a, started_b : str or None
        When they began, ISO 8601 in UTC.
    version_a, version_b : int or None
        Version that was measured; None when the run is known from a log only.
    value_a, value_b : float or None
        MDRIZSKY in ``unit``.
    sigma_a, sigma_b : float or None
        Their standard deviations; None where they are not known.
    difference : float or None
        The second less the first; None where they cannot be subtracted, see ``remark``.
    difference_relative : float or None
        The same less ``offset``. For ``match`` this is all that means anything.
    offset : float or None
        Median difference of all chips that both runs have.
    difference_sigma : float or None
        Standard deviation of the difference, of values taken as independent.
    significance : float or None
        ``difference`` over it; of offsets, ``difference_relative``.
    changed : bool or None
        Whether that is more than 3; see :mod:`.significance`.
    is_relative : bool
        Whether both values are offsets from one image of their run.
    replay_of_a, replay_of_b : int or None
        The runs that these repeat.
    wcs_shift_mas : float or None
        Median shift of the exposure between the two versions; None when it is unknown.
    cause : list of SkyDiffCause
        Differences in the rows; empty when there is none.
    because : dict
        For each cause what the first and the second say.
    remark : str or None
        Why there is no difference, or what is not known of it.
    """

    rootname: str
    extver: int
    visit: str
    filter: str | None
    detector: str | None
    method: SkyMethod
    run_a: int | None
    run_b: int | None
    started_a: str | None
    started_b: str | None
    version_a: int | None
    version_b: int | None
    value_a: float | None
    value_b: float | None
    sigma_a: float | None
    sigma_b: float | None
    unit: str | None
    difference: float | None
    difference_relative: float | None
    offset: float | None
    difference_sigma: float | None
    significance: float | None
    changed: bool | None
    is_relative: bool
    replay_of_a: int | None
    replay_of_b: int | None
    wcs_shift_mas: float | None
    cause: list[SkyDiffCause]
    because: dict[str, list[Any]]
    remark: str | None


@dataclass(frozen=True)
class Comparison:
    """Everything that is known of some runs, in as many statements as there are tables.

    Parameters
    ----------
    session : Session
    series : mapping of SkyMethod to sequence of SkyRun
        What is compared, in order.
    wanted : set of int, optional
        Exposures that are asked for; all when None.
    """

    session: Session
    series: Series
    wanted: Set[int] | None = None
    _pairs: dict[tuple[int, int, SkyMethod], _Pair] = field(default_factory=dict)

    def changes(self) -> list[SkyChange]:
        """One row a chip and pair of runs, in order of method and rootname."""
        rows = [self._change(link) for link in self._links]
        order = {method: place for place, method in enumerate(SkyMethod)}
        return sorted(rows, key=lambda row: (order[row.method], row.rootname, row.extver))

    @cached_property
    def _values(self) -> dict[int, dict[Chip, Value]]:
        """All of each run, not only what is asked for: a constant is taken from all chips."""
        found: dict[int, dict[Chip, Value]] = defaultdict(dict)
        ids = {run.id for runs in self.series.values() for run in runs}
        for value in selects.values_of_runs(self.session, ids):
            found[value.run_id][value.exposure_id, value.extver] = value
        return found

    @cached_property
    def _links(self) -> list[Link]:
        chips = {
            run_id: {chip: value.mdrizsky is not None for chip, value in values.items()}
            for run_id, values in self._values.items()
        }
        return links(self.series, chips, self.wanted)

    @cached_property
    def _names(self) -> dict[int, Named]:
        return selects.names_of(self.session, {link.chip[0] for link in self._links})

    @cached_property
    def _contents(self) -> dict[int, Content]:
        return selects.contents_of(self.session, self._version_ids(self._links))

    @cached_property
    def _pointings(self) -> Pointings:
        differing = [link for link in self._links if len(self._version_ids([link])) > 1]
        return Pointings.of(self.session, self._version_ids(differing))

    def _version_ids(self, wanted: Iterable[Link]) -> set[int]:
        return {
            version_id
            for link in wanted
            for run in link.runs
            if (version_id := self._values[run.id][link.chip].version_id) is not None
        }

    def _value(self, run: SkyRun | None, chip: Chip) -> Value | None:
        return None if run is None else self._values[run.id][chip]

    def _pair(self, link: Link) -> _Pair | None:
        if link.one is None or link.other is None:
            return None
        key = (link.one.id, link.other.id, link.method)
        if key not in self._pairs:
            values = self._values[link.one.id], self._values[link.other.id]
            by_logs = self._alignment_causes(link.one, link.other, link.method)
            self._pairs[key] = _Pair(link.one, link.other, link.method, *values, by_logs)
        return self._pairs[key]

    def _alignment_causes(self, one: SkyRun, other: SkyRun, method: SkyMethod) -> Because:
        if one.imported_by_id is None or other.imported_by_id is None:
            return {}
        return self._logged.causes(one, other, method)

    @cached_property
    def _logged(self) -> LoggedAlignments:
        exposures = {exposure_id for values in self._values.values() for exposure_id, _ in values}
        return LoggedAlignments.of(self.session, exposures)

    def _change(self, link: Link) -> SkyChange:
        named = self._names[link.chip[0]]
        one, other = (self._value(run, link.chip) for run in (link.one, link.other))
        pair = self._pair(link)
        shift_mas, because = self._because(pair, one, other)
        known = pair.difference(link.chip) if pair else _Difference(remark=_alone(link))
        is_relative = all(run.effective_method is SkyMethod.MATCH for run in link.runs)
        sigmas = [value.mdrizsky_sigma if value else None for value in (one, other)]
        verdict = compared(known.tested(is_relative=is_relative), *sigmas)
        return SkyChange(
            rootname=named.rootname,
            extver=link.chip[1],
            visit=named.visit,
            filter=named.filter,
            detector=named.detector,
            method=link.method,
            run_a=link.one.id if link.one else None,
            run_b=link.other.id if link.other else None,
            started_a=_iso(link.one),
            started_b=_iso(link.other),
            version_a=self._number(one),
            version_b=self._number(other),
            value_a=one.mdrizsky if one else None,
            value_b=other.mdrizsky if other else None,
            sigma_a=sigmas[0],
            sigma_b=sigmas[1],
            unit=_unit(one, other),
            difference=known.plain,
            difference_relative=known.relative,
            offset=known.offset,
            replay_of_a=link.one.replay_of_id if link.one else None,
            replay_of_b=link.other.replay_of_id if link.other else None,
            difference_sigma=verdict.sigma,
            significance=verdict.significance,
            changed=verdict.changed,
            is_relative=is_relative,
            wcs_shift_mas=shift_mas,
            cause=list(because),
            because={cause.value: pair_said for cause, pair_said in because.items()},
            remark=known.remark,
        )

    def _number(self, value: Value | None) -> int | None:
        content = self._contents.get(value.version_id or 0) if value else None
        return content.number if content else None

    def _because(
        self, pair: _Pair | None, one: Value | None, other: Value | None
    ) -> tuple[float | None, Because]:
        if pair is None or one is None or other is None:
            return None, {}
        before, after = one.version_id or 0, other.version_id or 0
        moved = self._pointings.moved(before, after) if before and after != before else None
        shift_mas = moved.median_mas if moved else None
        contents = self._contents.get(before), self._contents.get(after)
        found = causes_of_contents(*contents, shift_mas) | pair.because
        found |= pair.exposure_sets.causes(one.exposure_id, pair.method)
        if _differ_in_unit(one, other):
            found[SkyDiffCause.UNIT] = [_name(one), _name(other)]
        return shift_mas, in_order(found)


@dataclass(frozen=True, slots=True)
class _Difference:
    plain: float | None = None
    relative: float | None = None
    offset: float | None = None
    remark: str | None = None

    def tested(self, *, is_relative: bool) -> float | None:
        """Difference that may be a change: for offsets, the rest after their common constant."""
        return self.relative if is_relative and self.relative is not None else self.plain


@dataclass(frozen=True)
class _Pair:
    """Two runs of one method, with what is the same for all of their chips."""

    one: SkyRun
    other: SkyRun
    method: SkyMethod
    first: dict[Chip, Value]
    second: dict[Chip, Value]
    by_logs: Because

    @cached_property
    def because(self) -> Because:
        return causes_of_runs(self.one, self.other, self.method) | self.by_logs

    @cached_property
    def exposure_sets(self) -> ExposureSetDiff:
        versions = [{v.exposure_id: v.version_id for v in values.values()}
                    for values in (self.first, self.second)]  # fmt: skip
        return ExposureSetDiff.of(*versions)

    @cached_property
    def offset(self) -> float | None:
        """Median difference of all chips that both runs have, or None when they are too few."""
        both = (self._subtracted(chip)[0] for chip in self.first.keys() & self.second.keys())
        known = [difference for difference in both if difference is not None]
        return float(np.median(known)) if len(known) >= FEWEST_FOR_OFFSET else None

    def difference(self, chip: Chip) -> _Difference:
        plain, remark = self._subtracted(chip)
        if plain is None or self.offset is None:
            return _Difference(plain, None, None, remark)
        return _Difference(plain, plain - self.offset, self.offset, remark)

    def _subtracted(self, chip: Chip) -> tuple[float | None, str | None]:
        one, other = self.first[chip], self.second[chip]
        if one.mdrizsky is None or other.mdrizsky is None:
            blank = self.one if one.mdrizsky is None else self.other
            return None, f"no value in run {blank.id}"
        if _differ_in_unit(one, other):
            return None, f"units: {_name(one)} and {_name(other)}"
        if self._mixes_offsets:
            return None, "an offset and a level"
        remark = None if one.unit else "unit unknown"
        return other.mdrizsky - one.mdrizsky, remark

    @property
    def _mixes_offsets(self) -> bool:
        relative = [run.effective_method is SkyMethod.MATCH for run in (self.one, self.other)]
        return relative[0] is not relative[1]


def _alone(link: Link) -> str:
    return f"only in run {link.runs[0].id}"


def _differ_in_unit(one: Value, other: Value) -> bool:
    return one.unit is not other.unit


def _name(value: Value) -> str:
    return value.unit.value if value.unit else "unknown"


def _unit(*values: Value | None) -> str | None:
    units = {value.unit for value in values if value}
    (unit,) = units if len(units) == 1 else (None,)
    return unit.value if unit else None


def _iso(run: SkyRun | None) -> str | None:
    return run.started_at.isoformat() if run and run.started_at else None
