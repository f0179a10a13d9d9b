"""Interface to pages for a browser; :class:`skydb.browse.site.LedgerSites` implements it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from skydb.api.composition import Services


class Site(Protocol):
    """Pages of a snapshot of a ledger, served from a thread.

    Attributes
    ----------
    url : str
        Address of the first page.
    """

    url: str

    def wait(self, ready: Callable[[], None] = ...) -> None:
        """Wait for SIGINT or SIGTERM, which then end nothing else.

        Parameters
        ----------
        ready : callable
            Called when either is waited for.
        """


class Sites(Protocol):
    """Makes the site of a ledger."""

    def site(self, services: Services, host: str, port: int) -> AbstractContextManager[Site]:
        """Take a snapshot and serve its pages, for the length of a block."""
