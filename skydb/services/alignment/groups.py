"""Exposures of a run of groups: their groups, and those that overlap no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from skydb.domain.choice import ChosenInput
from skydb.domain.grouping import Groupable, GroupBy, grouped
from skydb.domain.guards import Flag
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind
from skydb.drizzle.groupoutcome import Member
from skydb.services.catalogs import mean_epochs
from skydb.sky.overlaps import overlaps_of

#: Name of the group of all visits.
_ALL = "visits"


@dataclass(frozen=True, slots=True)
class GroupTarget:
    """One exposure to fit, with the reason of its choice."""

    version_id: int
    member: Member
    epoch_year: float | None
    reason: str | None = None
    passed_over: str | None = None

    @property
    def path(self) -> Path:
        """Its file."""
        return self.member.path


@dataclass(frozen=True)
class Group:
    """Exposures that are fitted together."""

    name: str
    targets: tuple[GroupTarget, ...]

    @property
    def epoch_year(self) -> float | None:
        """Mean epoch of its exposures; None where none is known."""
        known = [one.epoch_year for one in self.targets if one.epoch_year is not None]
        return sum(known) / len(known) if known else None

    @property
    def members(self) -> list[Member]:
        """The exposures, as the fit takes them."""
        return [one.member for one in self.targets]


def groups_of(
    session: Session,
    chosen: Sequence[ChosenInput],
    read: Mapping[int, FileFacts],
    by: GroupBy | None,
) -> list[Group]:
    """Exposures by visit, target or orbit.

    Parameters
    ----------
    session : Session
    chosen : sequence of ChosenInput
        Exposures.
    read : mapping of int to FileFacts
        What their files say, by the key of the version.
    by : GroupBy or None
        None puts all into one group.
    """
    epochs = mean_epochs(session, [one.version for one in chosen])
    targets = {
        one.rootname: _target(one, read[one.version.id], epoch)
        for one, epoch in zip(chosen, epochs, strict=True)
    }
    facts = {one.rootname: read[one.version.id].facts for one in chosen}
    groupable = [
        Groupable(
            rootname,
            targets[rootname].member.visit,
            one.target_name,
            one.expstart_mjd,
            one.expend_mjd,
            one.exptime_s,
        )
        for rootname, one in facts.items()
    ]
    if by is None:
        return [Group(_ALL, tuple(targets[rootname] for rootname in sorted(targets)))]
    return [
        Group(name, tuple(targets[rootname] for rootname in rootnames))
        for name, rootnames in grouped(groupable, by).items()
    ]


def lonely_exposures(
    groups: Sequence[Group], read: Mapping[int, FileFacts], is_relative: bool
) -> list[Flag]:
    """Exposures that overlap no other one of their group, where it has others.

    Parameters
    ----------
    groups : sequence of Group
    read : mapping of int to FileFacts
    is_relative : bool
        Whether visits are aligned to each other: then only overlaps of visits count.
    """
    return [flag for group in groups for flag in _lonely_of(group, read, is_relative)]


def _lonely_of(group: Group, read: Mapping[int, FileFacts], is_relative: bool) -> list[Flag]:
    outlines = {
        one.member.rootname: [
            np.array(chip.polygon_deg) for chip in read[one.version_id].primary.chips
        ]
        for one in group.targets
    }
    if len(outlines) < 2:
        return []
    visit_of = {one.member.rootname: one.member.visit for one in group.targets}
    ends = [(pair.first, pair.second) for pair in overlaps_of(outlines)]
    if not is_relative:
        seen = {name for pair in ends for name in pair}
        return [_lonely(name, group.name) for name in outlines if name not in seen]
    visits = {
        visit_of[name] for pair in ends if visit_of[pair[0]] != visit_of[pair[1]] for name in pair
    }
    return [_apart(name, visit) for name, visit in visit_of.items() if visit not in visits]


def _lonely(rootname: str, group: str) -> Flag:
    message = (
        f"overlaps no other exposure of {group}: it keeps its place among those of its visit, "
        "which nothing can confirm"
    )
    return Flag(FindingKind.ISLANDS, rootname, message)


def _apart(rootname: str, visit: str) -> Flag:
    message = f"{visit} overlaps no other visit, and cannot be aligned to one"
    return Flag(FindingKind.ISLANDS, rootname, message)


def _target(one: ChosenInput, file: FileFacts, epoch: float | None) -> GroupTarget:
    facts, visit = file.facts, one.version.product.visit.label
    camera = f"{facts.instrument}/{facts.detector}"
    member = Member(file.path, one.rootname, visit, f"{camera}/{facts.filters}", camera)
    return GroupTarget(one.version.id, member, epoch, one.reason, ", ".join(one.passed_over))
