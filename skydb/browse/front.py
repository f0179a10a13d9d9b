"""The gate before Datasette: who may ask, and what an answer may load."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from skydb.browse.links import DATABASE

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Nothing but this server's own style and pictures; no script at all.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class Front:
    """ASGI application before another one.

    Parameters
    ----------
    app : ASGI application
    hosts : collection of str, or None
        Names by which this server may be asked; None for any. A page of another site could
        otherwise have its own name point here, and read the ledger.
    landings : mapping of str to str
        In a large ledger, of views that take too long as a whole the part that is shown first.
    counts : bool
        Whether tables say how many rows they have.
    """

    def __init__(
        self,
        app: Application,
        hosts: frozenset[str] | None,
        landings: Mapping[str, str],
        *,
        counts: bool,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._landings = landings
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._may_ask(scope):
            await _plain(send, 403, b"This server is asked by another name.\n")
            return
        if scope["method"] not in ("GET", "HEAD"):
            await _plain(send, 405, b"The ledger can only be read.\n")
            return
        landing = self._landing(scope)
        if landing is not None:
            await _plain(send, 302, b"", ((b"location", landing.encode()),))
            return
        await self._app(self._uncounted(scope), receive, _with_headers(send))

    def _may_ask(self, scope: Scope) -> bool:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin1").lower()
        name = host.rpartition(":")[0] if host.rpartition("]")[2].count(":") else host
        return self._hosts is None or name in self._hosts

    def _landing(self, scope: Scope) -> str | None:
        if scope["query_string"]:
            return None
        return self._landings.get(scope["path"])

    def _uncounted(self, scope: Scope) -> Scope:
        """The request of a table without the count of all its rows."""
        is_table = scope["path"].startswith(f"/{DATABASE}/")
        if self._counts or not is_table:
            return scope
        asked = parse_qs(scope["query_string"].decode("latin1"), keep_blank_values=True)
        asked.setdefault("_nocount", ["1"])
        return {**scope, "query_string": urlencode(asked, doseq=True).encode("latin1")}


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        await send(message)

    return sending


async def _plain(
    send: Send, status: int, text: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    kind = ((b"content-type", b"text/plain; charset=utf-8"),)
    await send({"type": "http.response.start", "status": status, "headers": [*kind, *headers]})
    await send({"type": "http.response.body", "body": text})
