"""The server of the pages."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from typing import Any, Self

from skydb import serving
from skydb.errors import StateError

_STEP_S = 0.5


def listen(host: str, port: int) -> socket.socket:
    """Open the socket of a server.

    Raises
    ------
    StateError
        When the port is taken, or the host is not this machine's.
    """
    try:
        return serving.listen(host, port)
    except OSError as error:
        raise StateError(
            f"Cannot listen on port {port} of {host} ({error.strerror or error}).",
            advice="Give another --port, or 0 for any; --host is a name of this machine.",
        ) from error


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
        self._thread = serving.ServerThread(serving.server_of(app), listener, "skydb-browse")

    def __enter__(self) -> Self:
        if not self._thread.start():
            raise StateError("The server of the pages did not come up.")
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.stop()
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
        while self._thread.is_alive and not ended.wait(_STEP_S):
            pass
