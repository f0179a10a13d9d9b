"""Pages of the ledger for a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skydb.errors import UsageError

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.api.sites import Site, Sites


class BrowsingCommand:
    """The command that serves pages."""

    sites: Sites | None

    if TYPE_CHECKING:

        @property
        def services(self) -> Services: ...  # noqa: D102 - see Ledger

    @contextmanager
    def browse(self, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[Site]:
        """Show a snapshot of the ledger as pages for a browser, for the length of a block.

        Parameters
        ----------
        host : str
            Address to listen on; others than that of this machine let other machines read.
        port : int
            0 for any that is free.

        Yields
        ------
        Site
            ``url`` is the address of the first page, ``wait()`` waits for SIGINT or SIGTERM.

        Raises
        ------
        UsageError
            When Datasette is not installed: ``pip install 'skydb[browse]'``.
        StateError
            When the port is taken.

        Examples
        --------
        >>> with db.browse() as site:
        ...     site.url.startswith("http://127.0.0.1:")
        True
        """
        if self.sites is None:
            raise UsageError("This ledger was opened without pages for a browser.")
        with self.sites.site(self.services, host, port) as site:
            yield site
