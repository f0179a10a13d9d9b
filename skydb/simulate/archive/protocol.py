"""uvicorn, with what a misbehaving archive needs: connections within reach of the application."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable
    from uvicorn._types import Scope as UvicornScope

_KEY = "skydb.transport"


class DroppingProtocol(H11Protocol):
    """HTTP/1.1 that shows its connection to the application: see :func:`transport_of`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the connection for the application."""
        super().connection_made(transport)
        inner = self.app

        async def with_transport(
            scope: UvicornScope, receive: ASGIReceiveCallable, send: ASGISendCallable
        ) -> None:
            cast("dict[str, Any]", scope)[_KEY] = transport
            await inner(scope, receive, send)

        self.app = with_transport


def transport_of(scope: Scope) -> asyncio.Transport:
    """The connection on which a request came."""
    transport: asyncio.Transport = scope[_KEY]
    return transport


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
