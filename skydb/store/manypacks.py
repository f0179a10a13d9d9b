"""Many packs of sky values at once: a few looks at all of them instead of one at each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skydb.domain.vocabulary import SkyMethod
from skydb.store.skypacks import FLAGS, Section

#: A number of a pack has so many words of four bytes, and the head of a section its name of four
#: words and six counts.
_NUMBER, _NAME, _HEAD = 2, 4, 10
_RELATIVE = SkyMethod.MATCH.value.encode()

Words = NDArray[np.uint32]
Integers = NDArray[np.int64]


class _Heads(NamedTuple):
    """Sections of one method, each in another pack.

    Parameters
    ----------
    packs : ndarray of int
        Numbers of their packs.
    starts : ndarray of int
        First words after their heads.
    counts : ndarray of int, shape (N, 6)
        As :class:`.Section` has them.
    """

    packs: Integers
    starts: Integers
    counts: Integers


def together(packs: Sequence[bytes]) -> tuple[bytes, list[tuple[Section, int]]]:
    """The spreads of some packs, and one section for each method, with the number of its packs.

    Values stand in the order of the packs, as :func:`.unpacked` gives them one by one. Counts are
    sums over the packs: a run counts in each.

    Parameters
    ----------
    packs : sequence of bytes
        As :class:`.Packer` makes them; at least one.
    """
    words, starts, ends = _words(packs)
    spreads = _NUMBER * words[starts].astype(np.int64)
    by_method: dict[bytes, list[_Heads]] = defaultdict(list)
    for name, heads in _heads(words, starts + 1 + spreads, ends):
        by_method[name].append(heads)
    sections = [_section(words, name, heads) for name, heads in by_method.items()]
    return _taken(words, starts + 1, spreads), sections


def runs_of(packs: Sequence[bytes], method: SkyMethod) -> tuple[Integers, Integers]:
    """Runs of one method in some packs: the places of the packs, and a run for each."""
    words, starts, ends = _words(packs)
    at = starts + 1 + _NUMBER * words[starts].astype(np.int64)
    places, runs = [np.zeros(0, dtype=np.int64)], []
    for name, heads in _heads(words, at, ends):
        if name == method.value.encode():
            chips, several = heads.counts[:, 1], heads.counts[:, 2]
            places.append(np.repeat(heads.packs, several))
            runs.append(_taken(words, heads.starts + _NUMBER * chips, _NUMBER * several))
    return np.concatenate(places), np.frombuffer(b"".join(runs), dtype="<i8") // FLAGS


def _words(packs: Sequence[bytes]) -> tuple[Words, Integers, Integers]:
    """All packs as words, and where each begins and ends."""
    ends = np.cumsum([len(pack) // 4 for pack in packs])
    starts = np.concatenate(([0], ends[:-1]))
    return np.frombuffer(b"".join(packs), dtype="<u4"), starts, ends


def _heads(words: Words, at: Integers, ends: Integers) -> Iterator[tuple[bytes, _Heads]]:
    """The next section of every pack that has one, and so on, by method."""
    packs = np.arange(at.size)
    while (is_left := at < ends[packs]).any():
        packs, at = packs[is_left], at[is_left]
        head = words[at[:, np.newaxis] + np.arange(_HEAD)]
        names = np.ascontiguousarray(head[:, :_NAME]).view("S16")[:, 0]
        counts = head[:, _NAME:].astype(np.int64)
        for name in np.unique(names):
            same = names == name
            yield bytes(name), _Heads(packs[same], at[same] + _HEAD, counts[same])
        repeated = np.where(names == _RELATIVE, 3, 1)
        at = at + _HEAD + _NUMBER * (repeated * counts[:, 1] + counts[:, 2])


def _section(words: Words, name: bytes, several: Sequence[_Heads]) -> tuple[Section, int]:
    heads = _Heads(*(np.concatenate(parts) for parts in zip(*several, strict=True)))
    order = np.argsort(heads.packs)
    starts, counts = heads.starts[order], heads.counts[order]
    chips, runs = _NUMBER * counts[:, 1], _NUMBER * counts[:, 2]
    values, counted = _taken(words, starts, chips), _taken(words, starts + chips, runs)
    of_runs = levels = b""
    if name == _RELATIVE:
        of_runs = _taken(words, starts + chips + runs, chips)
        levels = _taken(words, starts + chips + runs + chips, chips)
    exposures, values_there, runs_there, downgraded, imported, replays = counts.sum(axis=0).tolist()
    section = Section(
        *(name.decode(), exposures, values_there, runs_there, downgraded, imported, replays),
        *(values, counted, of_runs, levels),
    )
    return section, len(order)


def _taken(words: Words, starts: Integers, lengths: Integers) -> bytes:
    """Stretches of words, one after the other."""
    before = np.cumsum(lengths) - lengths
    places = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
    return words[places].tobytes()
