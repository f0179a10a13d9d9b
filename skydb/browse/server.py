"""The server of the pages."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import uvicorn

from skydb.errors import StateError

_START_S = 20.0
_STEP_S = 0.5


class QuietServer(uvicorn.Server):
    """A server that ends at once, whatever browsers still ask of it."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut what is under way, then stop listening."""
        self.force_exit = True
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the main thread."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Open the socket of a server.

    Raises
    ------
    StateError
        When the port is taken, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise StateError(
            f"Cannot listen on port {port} of {host} ({error.strerror or error}).",
            advice="Give another --port, or 0 for any; --host is a name of this machine.",
        ) from error
    return listener


def server_of(app: Any) -> QuietServer:  # noqa: ANN401 - an ASGI application
    """Make the server of an application."""
    config = uvicorn.Config(
        app,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return QuietServer(config)


class Served:
    """A server in a thread, for the length of a block.

    Parameters
    ----------
    app : ASGI application
    listener : socket.socket
    url : str
        Address of the first page.
    """

    def __init__(self, app: Any, listener: socket.socket, url: str) -> None:  # noqa: ANN401
        self.url = url
        self._before: dict[int, Any] = {}
        self._server = server_of(app)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="skydb-browse", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        until_s = time.monotonic() + _START_S
        while not self._server.started:
            if time.monotonic() > until_s or not self._thread.is_alive():
                raise StateError("The server of the pages did not come up.")
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(_START_S)
        # Not sooner: a thread that watches signals sees by the handlers whose a signal was.
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wait(self, ready: Callable[[], None] = lambda: None) -> None:
        """Wait for SIGINT or SIGTERM, which then end nothing else.

        Parameters
        ----------
        ready : callable
            Called when either is waited for.
        """
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, lambda *_: ended.set())
        ready()
        # In steps: some systems handle no signal during a wait without an end.
        while self._thread.is_alive() and not ended.wait(_STEP_S):
            pass
