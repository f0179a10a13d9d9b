"""Headers that a run of TweakReg writes, from the lines that name an image and its WCS."""

from __future__ import annotations

from collections.abc import Callable

from skydb.files.logs.patterns import Event, What
from skydb.files.logs.runs import LoggedAlignment, LoggedFit
from skydb.files.logs.values import base_name


class HeaderLines:
    """Takes the lines of headers of one run.

    Parameters
    ----------
    run : LoggedAlignment
        The run, which is given the names of its WCS.
    """

    def __init__(self, run: LoggedAlignment) -> None:
        self._run = run
        self._product: str | None = None
        self._has_table = False
        """The last line named an image whose table of WCS solutions is made."""
        self._named: set[str] = set()

    def take(self, event: Event) -> bool:
        """Take a line of a header; return whether it was one."""
        take = _TAKE.get(event.what)
        if take is None:
            return False
        take(self, event)
        return True

    def forget(self) -> None:
        """Begin another fit: what is written next is named again."""
        self._product = None

    def is_written(self, fit: LoggedFit) -> bool | None:
        """Whether the log shows that the header of a product was written.

        "Updating header for" is printed by dry runs, too. What only a run with ``updatehdr``
        prints is that the table of WCS solutions was updated, and the name of the WCS.
        """
        updates = self._run.updates_headers
        if updates is None:
            return True if fit.product in self._run.wcs_written else None
        return updates and fit.product in self._run.wcs_written | self._named

    def _updating(self, event: Event) -> None:
        self._product = base_name(event.groups[0])
        self._has_table = event.what is What.RECORDED

    def _kept(self, _: Event) -> None:
        """Forget the product of the last fit: what is updated next is of another image."""
        if not self._has_table:
            self._product = None

    def _wcs_named(self, event: Event) -> None:
        if self._product:
            self._named.add(self._product)
            self._run.wcs_names[self._product] = event.groups[0]

    def _wcs_written(self, event: Event) -> None:
        self._wcs_named(event)
        if self._product:
            self._run.wcs_written.add(self._product)


_TAKE: dict[What, Callable[[HeaderLines, Event], None]] = {
    What.UPDATING: HeaderLines._updating,
    What.RECORDED: HeaderLines._updating,
    What.KEPT: HeaderLines._kept,
    What.WCS_NAMED: HeaderLines._wcs_named,
    What.WCS_WRITTEN: HeaderLines._wcs_written,
}
