"""uvicorn, with what a misbehaving archive needs: connections within reach of the application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

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
