"""A server in a thread of this process, which ends at once when it is stopped.

The pages of a ledger and the simulated archive are served by it.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

_GREATEST_PORT = 65_535
_START_S = 20.0


class QuietServer(uvicorn.Server):
    """A server that ends at once, and whose process does not die of the signal that ended it."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut what is under way, then stop listening: Python 3.12 would wait for connections."""
        self.force_exit = True
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End the server at SIGINT and SIGTERM, which only the main thread can receive."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server_of(app: Any, **options: Any) -> QuietServer:  # noqa: ANN401 - an ASGI application
    """Make the server of an application.

    Parameters
    ----------
    app : ASGI application
    **options
        Of :class:`uvicorn.Config`, besides those that every server has.
    """
    config = uvicorn.Config(
        app,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
        **options,
    )
    return QuietServer(config)


def is_port(number: int) -> bool:
    """Whether there is a port of a number; 0 stands for any that is free."""
    return 0 <= number <= _GREATEST_PORT


def listen(host: str, port: int, *, send_buffer_bytes: int | None = None) -> socket.socket:
    """Open the socket of a server.

    Parameters
    ----------
    host : str
        Address or name of this machine.
    port : int
        0 for any that is free.
    send_buffer_bytes : int, optional
        What the system may keep of an answer that was not read yet.

    Raises
    ------
    OSError
        When the port is taken, or the host is not this machine's.
    OverflowError
        When it is no :func:`is_port`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if send_buffer_bytes is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


class ServerThread:
    """A server that runs in a thread of its own.

    Parameters
    ----------
    server : QuietServer
    listener : socket.socket
    name : str
        Of the thread.
    """

    def __init__(self, server: QuietServer, listener: socket.socket, name: str) -> None:
        self._server = server
        self._thread = threading.Thread(
            target=server.run, args=([listener],), name=name, daemon=True
        )

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def start(self) -> bool:
        """Start it, and wait until it answers; False when it does not."""
        self._thread.start()
        until_s = time.monotonic() + _START_S
        while not self._server.started:
            if time.monotonic() > until_s or not self.is_alive:
                return False
            time.sleep(0.005)
        return True

    def stop(self) -> None:
        """Stop listening and cut what is under way: connections are then refused."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(_START_S)
