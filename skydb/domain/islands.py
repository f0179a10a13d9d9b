"""Advice on how exposures that share no sky become fields of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Options that a sentence has room for, in all and of one island.
_MOST_ISLANDS = 4
_MOST_OPTIONS = 6


def how_apart(
    islands: Sequence[Sequence[str]], visits: Mapping[str, str], targets: Mapping[str, str]
) -> str:
    """Name the options that make a field of each island.

    Parameters
    ----------
    islands : sequence of sequence of str
        Rootnames of all exposures, by island.
    visits, targets : mapping of str to str
        Visit and target of each exposure.

    Returns
    -------
    str
        Options, or where to find the islands when they are too many to be listed.

    Examples
    --------
    >>> how_apart([["a", "b"], ["c"]], {"a": "bxl50", "b": "bxl50", "c": "bxl51"}, {})
    '--each visit'
    """
    for by, of in (("target", targets), ("visit", visits)):
        if _is_split_by(islands, of):
            return f"--each {by}"
    wanted = [_options(island, islands, visits) for island in islands if len(island) > 1]
    if len(wanted) > _MOST_ISLANDS or any(len(one) > _MOST_OPTIONS for one in wanted):
        return "--visit or --exposure; `skydb sky audit` lists the exposures of each"
    return "; ".join(" ".join(one) for one in wanted)


def _is_split_by(islands: Sequence[Sequence[str]], of: Mapping[str, str]) -> bool:
    """Whether a property of the exposures is the same in one island and in no other."""
    values = [{of.get(name, "") for name in island} for island in islands]
    names = set().union(*values)
    return all(len(one) == 1 for one in values) and len(names) == len(values)


def _options(
    island: Sequence[str], islands: Sequence[Sequence[str]], visits: Mapping[str, str]
) -> list[str]:
    mine = {visits.get(name, "") for name in island}
    others = {visits.get(name, "") for one in islands if one is not island for name in one}
    if "" in mine or mine & others:
        return [f"--exposure {name}" for name in island]
    return [f"--visit {visit}" for visit in sorted(mine)]
