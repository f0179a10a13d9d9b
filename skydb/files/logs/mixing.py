"""Lines that a run prints once, by which those of another run among its own are noticed."""

from __future__ import annotations

from collections.abc import Hashable

from skydb.files.logs.patterns import Event, What
from skydb.files.logs.values import base_name

_ONCE = frozenset(
    {
        *(What.SECTION, What.STEP, What.OUTPUT, What.FINISHED),
        *(What.PRODUCTS, What.FRAME, What.SOURCES, What.SHIFT_FILE),
    }
)


class Mixing:
    """Notices that a line comes again which a run prints once.

    Some consoles print a line twice: the same line right after itself does not count.
    """

    def __init__(self) -> None:
        self._seen: set[Hashable] = set()
        self._last = ""

    def is_repeated(self, event: Event, section: str) -> bool:
        """Whether another run must have printed an event of a section, or this one before."""
        if event.what not in _ONCE:
            self._last = ""
            return False
        is_echo, self._last = event.text == self._last, event.text
        key = _key(event, section)
        is_known = key in self._seen
        self._seen.add(key)
        return is_known and not is_echo


def _key(event: Event, section: str) -> Hashable:
    """Part of an event that differs between the events of one run."""
    match event.what:
        case What.SECTION:
            return event.what, event.groups[0]
        case What.STEP:
            return event.what, *event.groups[:2]
        case What.SOURCES:
            # The reference image may be one of the products, and is searched once more.
            return event.what, base_name(event.groups[0]), "reference" in section
    return event.what
