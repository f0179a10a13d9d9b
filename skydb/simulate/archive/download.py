"""MAST's downloads: HEAD and GET, whole files and ranges."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skydb.simulate.archive.content import CONTENT_FAULTS, Content
from skydb.simulate.archive.faults import Misbehaviours, Service
from skydb.simulate.archive.front import product_of
from skydb.simulate.archive.holdings import Holdings
from skydb.simulate.archive.stats import Counters

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Downloads:
    """Answers ``/api/v0.1/Download/file?uri=mast:HST/product/NAME``."""

    holdings: Holdings
    misbehaviours: Misbehaviours
    counters: Counters

    async def answer(self, request: Request) -> Response:
        """The file, a part of it, or its headers only."""
        from starlette.responses import PlainTextResponse, Response

        uri = request.query_params.get("uri", "")
        is_head = request.method == "HEAD"
        self.counters.download(uri, **{"heads" if is_head else "gets": 1})
        content = self.holdings.content(product_of(uri))
        if content is None:
            return PlainTextResponse(f"There is no {uri[:80]!r}.", 404)
        etag, content = content.etag, self._perhaps_spoilt(content, uri, count=not is_head)
        part = None if is_head else _wanted(request, etag, content.size)
        headers = {"ETag": etag, "Accept-Ranges": "bytes"}
        if part is not None and not part:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{content.size}"})
        if part is not None:
            self.counters.download(uri, ranges=1)
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{content.size}"
        return _file(content, part, headers, name=product_of(uri), is_head=is_head)

    def _perhaps_spoilt(self, content: Content, uri: str, *, count: bool) -> Content:
        find = self.misbehaviours.take if count else self.misbehaviours.peek
        misbehaviour = find(CONTENT_FAULTS, Service.DOWNLOAD, (product_of(uri),))
        if misbehaviour is None:
            return content
        if count:
            self.counters.fault(misbehaviour.fault)
        return content.spoilt(misbehaviour)


def _wanted(request: Request, etag: str, size: int) -> range | None:
    """The range of a request: None for all of the file, empty when there is no such part."""
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    stop = min(int(last) + 1, size) if last else size
    return range(int(first), stop)


def _file(
    content: Content, part: range | None, headers: dict[str, str], *, name: str, is_head: bool
) -> Response:
    from starlette.responses import Response, StreamingResponse

    start, stop = (0, content.size) if part is None else (part.start, part.stop)
    everything = {
        **headers,
        "Content-Type": "application/fits" if name.endswith(".fits") else "text/plain",
        "Content-Length": str(stop - start),
    }
    if is_head:
        return Response(headers=everything)
    status = 200 if part is None else 206
    return StreamingResponse(_stream(content, start, stop), status, everything)


async def _stream(content: Content, start: int, stop: int) -> AsyncIterator[bytes]:
    for chunk in content.chunks(start, stop):
        yield chunk
