"""A ledger as a site: snapshot, pages and server, for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skydb.errors import UsageError
from skydb.version import __version__

if TYPE_CHECKING:
    import socket

    from skydb.api.composition import Services
    from skydb.api.sites import Site
    from skydb.browse.application import Application
    from skydb.browse.facts import LedgerFacts
    from skydb.services.bookkeeping import Snapshot

#: Names of this machine's own address.
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class LedgerSites:
    """Makes the site of a ledger; see :class:`skydb.api.sites.Sites`."""

    @contextmanager
    def site(self, services: Services, host: str, port: int) -> Iterator[Site]:
        """A site of a snapshot that is taken now.

        Raises
        ------
        UsageError
            When Datasette is not installed, or the port is no number of one.
        StateError
            When the port is taken.
        """
        # Before the snapshot: it says what is not installed.
        from skydb.browse import application  # noqa: F401
        from skydb.browse.server import Served, listen
        from skydb.serving import is_port

        if not is_port(port):
            raise UsageError(f"Invalid port {port}.", advice="Use 1 to 65535, or 0 for any.")
        listener = listen(host, port)
        try:
            with (
                services.snapshots.taken() as snapshot,
                pages_of(services, snapshot, host) as app,
                Served(app, listener, _address(host, listener)) as site,
            ):
                yield site
        finally:
            listener.close()


@contextmanager
def pages_of(services: Services, snapshot: Snapshot, host: str) -> Iterator[Any]:
    """The ASGI application of a snapshot, which has answered once."""
    from importlib.metadata import version

    from skydb.api.composition import Services
    from skydb.browse.application import Application
    from skydb.browse.facts import prepare
    from skydb.browse.front import Front
    from skydb.store.urls import shown

    facts = prepare(snapshot.path)
    about = {
        "ledger": shown(services.url),
        "taken_at": f"{snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC",
        "version": __version__,
        "datasette": version("datasette"),
    }
    url, root = f"sqlite:///{snapshot.path}", services.context.workspace.root
    copy = Services.open(url, root)
    try:
        application = Application(copy, snapshot.path, facts, about)
        with application.registered() as app:
            _warm_up(application, facts)
            yield Front(app, _hosts(host), _landings(facts), counts=not facts.is_large)
    finally:
        copy.close()


def _warm_up(application: Application, facts: LedgerFacts) -> None:
    """Load what pages need, so that the first one is there at once."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from skydb.browse.links import DATABASE

    known = facts.examples
    paths = ["/", f"/{DATABASE}/v_activities", "/todo?visit=none"]
    paths += [f"/run/{known['run']}"] if "run" in known else []
    paths += [f"/exposure/{known['rootname']}"] if "rootname" in known else []

    async def ask() -> None:
        for path in paths:
            await application.datasette.client.get(path)

    # In a thread of its own: a notebook has a running loop in this one.
    with ThreadPoolExecutor(1, thread_name_prefix="skydb-warm-up") as thread:
        thread.submit(lambda: asyncio.run(ask())).result()


def _hosts(host: str) -> frozenset[str] | None:
    """Names by which a server may be asked; any when it is there for other machines."""
    if host not in _LOOPBACK:
        return None
    return frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})


def _landings(facts: LedgerFacts) -> dict[str, str]:
    """In a large ledger, the newest group of a view that sorts all groups first."""
    from skydb.browse.links import DATABASE

    group = facts.examples.get("group_id")
    if not facts.is_large or group is None:
        return {}
    path = f"/{DATABASE}/v_sky_comparison"
    return {path: f"{path}?group_id={group}"}


def _address(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)
    return f"http://{f'[{shown}]' if ':' in shown and '[' not in shown else shown}:{port}"
