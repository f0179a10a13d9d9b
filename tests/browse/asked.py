"""Pages of a ledger, asked in this process without a server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from skydb.api.composition import Services
from skydb.browse.site import pages_of


@dataclass(frozen=True)
class Answer:
    """A page as it was answered."""

    status: int
    text: str
    headers: httpx.Headers
    content: bytes

    @property
    def words(self) -> str:
        """The text of the page without markup, on one line."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())

    @property
    def links(self) -> list[str]:
        """Addresses that it leads to on this server."""
        found = re.findall(r'(?:href|src)="(/[^"]*)"', self.text)
        return list(dict.fromkeys(unescape(one).partition("#")[0] for one in found))

    def part(self, anchor: str) -> str:
        """The words of one section."""
        found = re.search(rf'<section id="{anchor}".*?</section>', self.text, re.DOTALL)
        assert found, f"{anchor} is not among {re.findall('<section id=.([^ ]*).', self.text)}"
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", found[0])).split())


class Pages:
    """The application before which a browser stands.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for one page."""
        # In a thread of its own: a test in a browser has a running loop in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(self._ask(path, method, headers))).result()

    async def _ask(self, path: str, method: str, headers: dict[str, str]) -> Answer:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            response = await client.request(method, path, headers=headers)
        return Answer(response.status_code, response.text, response.headers, response.content)


@contextmanager
def pages(url: str, data: Path | None = None) -> Iterator[Pages]:
    """Pages of a snapshot of a ledger, for the length of a block."""
    services = Services.open(url, data)
    try:
        with (
            services.snapshots.taken() as snapshot,
            pages_of(services, snapshot, "127.0.0.1") as app,
        ):
            yield Pages(app)
    finally:
        services.close()
