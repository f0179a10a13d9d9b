"""Runs of logs as they are kept until they are recorded: facts for their neighbours, and the rest.

They are made in the process that reads the log, so nothing of the ledger is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from skydb.domain.fingerprint import fingerprint
from skydb.domain.jsontext import JsonText
from skydb.domain.vocabulary import SkyMethod
from skydb.files.logs import Logged, LoggedAlignment, LoggedRun
from skydb.services.history.alignplan import Latest, alignment_plan, has_companions
from skydb.services.history.companions import Listing
from skydb.services.history.plan import Plan, SkyPlan
from skydb.services.history.skyplan import sky_plan
from skydb.services.history.spool import packed

P = TypeVar("P", bound=Plan)

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
    def of(cls, plan: SkyPlan) -> Self:
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
        )


class PackedSky(NamedTuple):
    """A run of AstroDrizzle as it goes from one process to another: its facts, and its plan."""

    facts: FoundSky
    plan: bytes

    @classmethod
    def of(cls, plan: SkyPlan) -> Self:
        """The run of a plan."""
        return cls(FoundSky.of(plan), packed(_written(plan)))


@dataclass(frozen=True, slots=True)
class FoundFit:
    """A run of TweakReg in a file, as much of it as its neighbours must know.

    Parameters
    ----------
    path : Path
        The file.
    started_at : datetime
        When it began; the first moment of all when its log does not say.
    first_line : int
        Its first line there.
    products : frozenset of str
        What it was to fit.
    fitted : frozenset of str
        What it tried to fit.
    shift_file : str or None
        What it wrote.
    place : int
        Of the rest of it, on the disk.
    """

    path: Path
    started_at: datetime
    first_line: int
    products: frozenset[str]
    fitted: frozenset[str]
    shift_file: str | None
    place: int = 0


class PackedFit(NamedTuple):
    """A run of TweakReg as it goes from one process to another: its facts, and the rest.

    The rest is its plan, or the run itself where files beside the log may have more of it.
    """

    facts: FoundFit
    rest: bytes

    @classmethod
    def of(cls, path: Path, run: LoggedAlignment, beside: dict[str, Any], listing: Listing) -> Self:
        """The run of a file; ``beside`` is what the file says of it besides its lines."""
        facts = FoundFit(
            path,
            run.started_at or datetime.min,
            run.first_line,
            frozenset(run.products),
            frozenset(fit.product for fit in run.fits),
            run.shift_file,
        )
        if has_companions(run, listing):
            return cls(facts, packed((run, beside)))
        latest = Latest(facts.products | facts.fitted, shift_file=True)
        return cls(facts, packed(_written(alignment_plan(path, run, latest, beside, listing))))


def packed_run(
    path: Path, listing: Listing, run: Logged, beside: dict[str, Any]
) -> PackedSky | PackedFit:
    """A run of a file as it is kept.

    ``listing`` is of the directory of the file, ``beside`` has the facts of the file.
    """
    if isinstance(run, LoggedRun):
        return PackedSky.of(sky_plan(path, run, beside))
    return PackedFit.of(path, run, beside, listing)


def _written(plan: P) -> P:
    """The plan, its parameters written as the ledger keeps them."""
    return replace(plan, parameters=JsonText.of(plan.parameters))


def _signature(plan: SkyPlan) -> str:
    sections = {
        section: {name: value for name, value in values.items() if name not in _OWN}
        for section, values in plan.facts.get("astrodrizzle", {}).items()
    }
    return fingerprint(
        {
            "directory": str(plan.source.path.parent),
            "inputs": sorted(plan.inputs),
            "parameters": sections,
            "software": [plan.software.tool_version, dict(plan.software.packages)],
        }
    )
