"""Packs that are looked at together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skydb.domain.vocabulary import SkyMethod
from skydb.store.manypacks import runs_of, together
from skydb.store.skypacks import FLAGS, Packer, Section, Value, unpacked

#: What a chip may have: a method that may be unknown, a run, and whether its value is the newest.
VALUES = st.tuples(
    st.sampled_from([*(method.value for method in SkyMethod), None]),
    st.integers(1, 4),
    st.sampled_from([1, 2]),
)


def pack_of(chips: list[list[tuple[str | None, int, int]]]) -> bytes:
    """The pack of a visit."""
    values = [
        Value(
            1, "F160W", "IR", exposure, 1, method, "electron/s", 0.1 * run, run, 1, run % 2, place
        )
        for exposure, chip in enumerate(chips)
        for method, run, place in chip
    ]
    ((_, pack),) = Packer(dict.fromkeys(range(1, 5), 0.25)).packs(values)
    return pack


PACKS = st.lists(
    st.lists(st.lists(VALUES, min_size=1, max_size=6), min_size=1, max_size=3).map(pack_of),
    min_size=1,
    max_size=6,
)


@given(PACKS)
def test_packs_together_are_what_each_is_alone_in_order(packs: list[bytes]) -> None:
    spreads, sections = together(packs)
    alone = [unpacked(pack) for pack in packs]
    assert spreads == b"".join(one for one, _ in alone)
    of_method: dict[str, list[Section]] = {}
    for _, several in alone:
        for section in several:
            of_method.setdefault(section.method, []).append(section)
    assert {section.method: (section, count) for section, count in sections} == {
        method: (joined(same), len(same)) for method, same in of_method.items()
    }


def joined(sections: list[Section]) -> Section:
    """Sums of the numbers, and the values one after the other."""
    counts = [sum(numbers) for numbers in zip(*(one[1:7] for one in sections), strict=True)]
    values = [b"".join(parts) for parts in zip(*(one[7:] for one in sections), strict=True)]
    return Section(sections[0].method, *counts, *values)


@given(PACKS, st.sampled_from(SkyMethod))
def test_runs_of_a_method_come_with_the_pack_that_names_them(
    packs: list[bytes], method: SkyMethod
) -> None:
    places, runs = runs_of(packs, method)
    assert sorted(zip(places.tolist(), runs.tolist(), strict=True)) == sorted(
        (place, int.from_bytes(one.counted[at : at + 8], "little") // FLAGS)
        for place, pack in enumerate(packs)
        for one in unpacked(pack)[1]
        if one.method == method.value
        for at in range(0, len(one.counted), 8)
    )
