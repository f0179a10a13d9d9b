"""One call of skymatch: the method that its headings show, and the skies that it computed."""

from __future__ import annotations

from skydb.domain.vocabulary import SkyMethod
from skydb.files.logs.runs import Chip, LoggedSky

_CHIPS = "Computing sky values requested image extensions"
_OVERLAPS = "Computing differences in sky values in overlapping regions"
_GLOBAL = 'Computing "global" sky on requested image extensions'
_COMPUTING = (_CHIPS, _OVERLAPS, _GLOBAL)
_METHODS = {
    frozenset({_CHIPS}): SkyMethod.LOCALMIN,
    frozenset({_OVERLAPS}): SkyMethod.MATCH,
    frozenset({_OVERLAPS, _GLOBAL}): SkyMethod.GLOBALMIN_MATCH,
    frozenset({_GLOBAL}): SkyMethod.GLOBALMIN,
}
#: Headings of skymatch that do not contain its method.
_OTHER_HEADINGS = ("User specified", "Input file", "Parsing", "Sky statistics", "Data->Brightness")


class SkyCall:
    """A call while its lines are read."""

    def __init__(self) -> None:
        self.skies: dict[Chip, LoggedSky] = {}
        self._headings: set[str] = set()
        self._is_clear = True
        self._has_final = False

    @property
    def method(self) -> SkyMethod | None:
        """Method of the headings; None when one of them is unknown."""
        return _METHODS.get(frozenset(self._headings)) if self._is_clear else None

    def has_heading(self, heading: str) -> bool:
        """Take a heading; return whether it is a known one."""
        known = next((text for text in _COMPUTING if heading.startswith(text)), None)
        if known is not None:
            self._headings.add(known)
        elif not heading.startswith(_OTHER_HEADINGS):
            self._is_clear = False
            return False
        return True

    def begin_final(self) -> None:
        """Begin the list of the skies, in whose place those of the steps are not to be taken."""
        self._has_final = True
        self.skies.clear()

    def leave_out_steps(self) -> bool:
        """Leave out skies that are of a step only, and return whether there were any.

        The skies of ``globalmin+match`` are in the list after its two steps.
        """
        are_of_steps = self._headings >= {_OVERLAPS, _GLOBAL} and not self._has_final
        if are_of_steps and self.skies:
            self.skies.clear()
            return True
        return False
