"""Differences in the rows behind two sky values."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from skydb.domain import SkyRun
from skydb.domain.vocabulary import SkyDiffCause, SkyMethod
from skydb.sky.outlines import SHIFT_FLOOR_MAS
from skydb.store.comparison_queries import Content

#: For each cause the first and the second value; for other exposures their number.
Because = dict[SkyDiffCause, list[Any]]

#: Parameters of the steps after the sky, and names of files: no sky value depends on them.
_AFTER_SKY = ("final", "driz", "separate", "create median", "median", "combine", "blot")
_NO_SKY = {
    *("input", "inputs", "output", "skymethod", "runfile", "skyfile", "num_cores", "in_memory"),
    *("build", "context", "clean", "stepsize", "preserve"),
    # The engine skydb has taken its levels before it drizzles.
    "mosaic",
}


def causes_of_runs(one: SkyRun, other: SkyRun, method: SkyMethod) -> Because:
    """Find the differences of two runs of one method, their exposures aside."""
    asked: dict[SkyDiffCause, tuple[Any, Any]] = {
        SkyDiffCause.ENGINE: (one.engine.value, other.engine.value),
        SkyDiffCause.DOWNGRADED: (_other_than(method, one), _other_than(method, other)),
    }
    found = {cause: list(pair) for cause, pair in asked.items() if pair[0] != pair[1]}
    return _software(one, other) | _parameters(one, other) | found


def causes_of_contents(
    one: Content | None, other: Content | None, shift_mas: float | None
) -> Because:
    """Find the differences of two versions of one exposure.

    Parameters
    ----------
    one, other : Content or None
        None when the run is known from a log only.
    shift_mas : float or None
        How far the exposure moved between the two, when that is known.
    """
    if one is None or other is None or one.sha256 == other.sha256:
        return {}
    said = {
        SkyDiffCause.CAL_VER: (one.cal_ver, other.cal_ver),
        SkyDiffCause.IDCTAB: (one.idctab, other.idctab),
    }
    found: Because = {
        cause: list(pair) for cause, pair in said.items() if None not in pair and pair[0] != pair[1]
    }
    if shift_mas is not None and shift_mas > SHIFT_FLOOR_MAS:
        found[SkyDiffCause.WCS] = [f"version {one.number}", f"version {other.number}"]
    found[SkyDiffCause.INPUT] = [one.sha256, other.sha256]
    return found


@dataclass(frozen=True)
class ExposureSetDiff:
    """The exposures that two runs were made of, as far as they differ.

    Parameters
    ----------
    only_in_one, only_in_other : set of int
        Keys of exposures that the other run lacks.
    changed : set of int
        Keys of exposures that both have, with another version.
    """

    only_in_one: Set[int]
    only_in_other: Set[int]
    changed: Set[int]

    @classmethod
    def of(cls, one: Mapping[int, int | None], other: Mapping[int, int | None]) -> ExposureSetDiff:
        """Compare the version of every exposure of each run, None when it is unknown."""
        both = one.keys() & other.keys()
        changed = {
            key
            for key in both
            if one[key] is not None and other[key] is not None and one[key] != other[key]
        }
        return cls(one.keys() - other.keys(), other.keys() - one.keys(), changed)

    def causes(self, exposure_id: int, method: SkyMethod) -> Because:
        """Find the other exposures that may have changed one exposure's value.

        Each exposure has its own ``localmin``, whatever else is in the run.
        """
        if method is SkyMethod.LOCALMIN:
            return {}
        found: Because = {}
        if self.only_in_one or self.only_in_other:
            found[SkyDiffCause.EXPOSURES] = [len(self.only_in_one), len(self.only_in_other)]
        changed = self.changed - {exposure_id}
        if changed:
            found[SkyDiffCause.NEIGHBOURS] = [len(changed)]
        return found


def in_order(because: Because) -> Because:
    """Sort the causes in the order of the vocabulary."""
    return {cause: because[cause] for cause in SkyDiffCause if cause in because}


def _other_than(method: SkyMethod, run: SkyRun) -> str | None:
    """The method that ran in place of the one wanted."""
    effective = run.effective_method
    return None if effective in (None, method) else str(effective)


def _software(one: SkyRun, other: SkyRun) -> Because:
    tools = [one.tool_version, other.tool_version]
    packages = [run.environment.packages if run.environment else {} for run in (one, other)]
    names = sorted(packages[0].keys() | packages[1].keys()) if all(packages) else []
    differing = [name for name in names if packages[0].get(name) != packages[1].get(name)]
    said: list[list[str]] = [
        [f"{name} {found[name]}" if name in found else f"no {name}" for name in differing]
        for found in packages
    ]
    if None not in tools and tools[0] != tools[1]:
        for tool, sentence in zip(tools, said, strict=True):
            if tool not in sentence:
                sentence.insert(0, str(tool))
    return {SkyDiffCause.SOFTWARE: [", ".join(s) for s in said]} if any(said) else {}


def _parameters(one: SkyRun, other: SkyRun) -> Because:
    if one.engine is not other.engine:
        return {}
    first, second = (_sky_settings(run) for run in (one, other))
    names = first.keys() | second.keys()
    if one.imported_by_id is not None or other.imported_by_id is not None:
        # A log lists the parameters that its version prints; a missing one is not a difference.
        names = first.keys() & second.keys()
    # A log prints 4096 and True as texts.
    differing = sorted(n for n in names if str(first.get(n)) != str(second.get(n)))
    if not differing:
        return {}
    pair = [{name: found.get(name) for name in differing} for found in (first, second)]
    return {SkyDiffCause.PARAMETERS: pair}


def _sky_settings(run: SkyRun) -> dict[str, Any]:
    """Parameters that a sky value may depend on, by their plain names."""
    settings = run.parameters.get(run.engine.value)
    found = settings if isinstance(settings, Mapping) else run.parameters
    return dict(_flat(found))


def _flat(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Names and values, those in sections too, which logs have for each step."""
    found: list[tuple[str, Any]] = []
    for title, value in document.items():
        name = str(title).lower()
        if name in _NO_SKY or name.startswith(_AFTER_SKY):
            continue
        found += _flat(value) if isinstance(value, Mapping) else [(name, value)]
    return found
