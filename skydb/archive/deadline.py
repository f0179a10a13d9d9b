"""Time limit for all requests to a service."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from typing import Self


class Deadline:
    """Closes its connections at the time limit, also in the middle of a slow answer.

    A socket's own timeout starts again with every byte that arrives.

    Parameters
    ----------
    timeout_s : float
        Time from the beginning of the ``with`` block.
    """

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._until_s = time.monotonic() + timeout_s
        self._timer = threading.Timer(timeout_s, self._cut)
        self._timer.daemon = True
        self._open: list[tuple[http.client.HTTPConnection, socket.socket]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._until_s = time.monotonic() + self.timeout_s
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for connection, sock in self._open:
                connection.close()
                # An answer that was not read to its end would keep the socket open.
                left = sock.detach()
                if left != -1:
                    socket.close(left)

    @property
    def is_over(self) -> bool:
        """Whether the time limit is over."""
        return time.monotonic() >= self._until_s

    def connections(self, host: str, port: int) -> _Connections:
        """Make astroquery's connection handler, bound to this deadline."""
        return _Connections(self, host, port)

    def connect(self, connection: http.client.HTTPConnection) -> None:
        """Connect, and close the connection at the time limit.

        Raises
        ------
        TimeoutError
            When it is up already.
        OSError
            When no server answers.
        """
        connection.timeout = self._until_s - time.monotonic()
        if connection.timeout <= 0:
            raise TimeoutError(f"{self.timeout_s:g} s are over")
        connection.connect()
        with self._lock:
            self._open.append((connection, connection.sock))

    def _cut(self) -> None:
        with self._lock:
            for _connection, sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


class _Connections:
    """Replaces ``astroquery.utils.tap.conn.tapconn.ConnectionHandler``."""

    def __init__(self, deadline: Deadline, host: str, port: int) -> None:
        self._deadline = deadline
        self._host = host
        self._port = port

    def get_connection(
        self, *, ishttps: bool = False, cookie: str | None = None, verbose: bool = False
    ) -> http.client.HTTPConnection:
        """Make a connection as astroquery asks for it; there is no login."""
        kind = http.client.HTTPSConnection if ishttps else http.client.HTTPConnection
        connection = kind(self._host, self._port)
        self._deadline.connect(connection)
        return connection

    def get_connection_secure(self, *, verbose: bool = False) -> http.client.HTTPConnection:
        """A new connection over TLS."""
        return self.get_connection(ishttps=True)
