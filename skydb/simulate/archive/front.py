"""Layer before every service: counts, and faults of a connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs

from skydb.simulate.archive.faults import Fault, Misbehaviour, Misbehaviours, Service
from skydb.simulate.archive.protocol import transport_of
from skydb.simulate.archive.stats import Counters

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: First part of the path of each service.
PATHS = {
    "/portal/": Service.PORTAL,
    "/api/v0/": Service.PORTAL,
    "/api/v0.1/Download/": Service.DOWNLOAD,
    "/vo/": Service.GSSS,
    "/tap-server/": Service.GAIA,
}
#: A slow body is sent in so many pieces a second.
_PIECES_PER_S = 10
#: Any other in pieces of this size, so that what is counted has nearly left.
_PIECE_BYTES = 1 << 15
_FULL_OR_PART = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one service."""

    service: Service
    method: str
    uri: str | None
    with_token: bool

    @classmethod
    def of(cls, scope: Scope) -> Self | None:
        """The call, or None when the request is for no service."""
        path = scope["path"]
        service = next((kind for start, kind in PATHS.items() if path.startswith(start)), None)
        if service is None:
            return None
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        uri = query.get("uri", [""])[0] if service is Service.DOWNLOAD else None
        return cls(service, scope["method"], uri, _has_token(scope))

    @property
    def products(self) -> tuple[str, ...]:
        """Name of the file that is asked for."""
        return () if self.uri is None else (product_of(self.uri),)


def product_of(uri: str) -> str:
    """``NAME`` of ``mast:HST/product/NAME``."""
    return uri.partition("/product/")[2]


def _has_token(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"authorization" in headers or b"mast_token=" in headers.get(b"cookie", b"")


@dataclass(frozen=True, slots=True)
class Front:
    """Counts each request and commits the faults that any service can."""

    app: ASGIApp
    misbehaviours: Misbehaviours
    counters: Counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, well or badly."""
        call = Call.of(scope) if scope["type"] == "http" else None
        if call is None:
            await self.app(scope, receive, send)
            return
        self.counters.request(call.service, with_token=call.with_token)
        slow, down = self._take(Fault.SLOW, call), self._take(Fault.DOWN, call)
        error = None if down else self._take(Fault.HTTP_ERROR, call)
        has_body = not (down or error or call.method == "HEAD")
        dropped = self._take(Fault.DROPPED, call) if has_body else None
        await asyncio.sleep(slow.delay_s if slow else 0.0)
        if down or transport_of(scope).is_closing():
            # A client that no longer waits uses up no fault of the next one.
            await _hang_up(scope, receive)
        elif error:
            await _refuse(error, scope, receive, send)
        else:
            wire = Wire(send, transport_of(scope), self.counters, call, slow, dropped)
            await self.app(scope, receive, wire.send)

    def _take(self, fault: Fault, call: Call) -> Misbehaviour | None:
        found = self.misbehaviours.take((fault,), call.service, call.products)
        if found is not None:
            self.counters.fault(fault)
        return found


async def _hang_up(scope: Scope, receive: Receive) -> None:
    transport_of(scope).abort()
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


async def _refuse(error: Misbehaviour, scope: Scope, receive: Receive, send: Send) -> None:
    from starlette.responses import PlainTextResponse

    answer = PlainTextResponse(f"The archive answers {error.status}.", error.status)
    await answer(scope, receive, send)


@dataclass(slots=True)
class Wire:
    """The way of an answer to its client: paced, cut and counted."""

    _send: Send
    _transport: asyncio.Transport
    _counters: Counters
    _call: Call
    _slow: Misbehaviour | None
    _dropped: Misbehaviour | None
    _left: int | None = None
    _is_counted: bool = False

    async def send(self, message: Message) -> None:
        """Pass on a message of the answer, unless the connection is gone."""
        if message["type"] == "http.response.start":
            self._begin(message)
            await self._send(message)
        else:
            await self._send_body(message.get("body", b""), more=message.get("more_body", False))

    def _begin(self, message: Message) -> None:
        if self._call.service is Service.GAIA:
            # astroquery's TAP client opens a connection for every request and closes none.
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        self._is_counted = self._call.uri is not None and message["status"] in _FULL_OR_PART
        if self._dropped is not None:
            length = int(dict(message["headers"]).get(b"content-length", b"0"))
            after = self._dropped.after_bytes
            self._left = length // 2 if after is None else after

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        if self._left is not None and len(body) >= self._left:
            await self._pace(body[: self._left], more=True)
            # Sends what is in its buffer, then closes: the client gets just that much.
            self._transport.close()
        else:
            self._left = None if self._left is None else self._left - len(body)
            await self._pace(body, more=more)

    async def _pace(self, body: bytes, *, more: bool) -> None:
        rate = self._slow.bytes_per_s if self._slow else None
        step = _PIECE_BYTES if rate is None else max(1, int(rate / _PIECES_PER_S))
        for start in range(0, len(body), step):
            piece = body[start : start + step]
            await self._pass_on(piece, more=True)
            await asyncio.sleep(len(piece) / rate if rate else 0.0)
        if not more:
            await self._pass_on(b"", more=False)

    async def _pass_on(self, body: bytes, *, more: bool) -> None:
        if self._transport.is_closing():
            return
        # Counted first: the client may have read it, and ask for the count, before this goes on.
        if self._is_counted and self._call.uri is not None:
            self._counters.download(self._call.uri, bytes_sent=len(body))
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
