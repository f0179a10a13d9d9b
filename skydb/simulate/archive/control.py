"""``/_control``: functions for a test in another process.

``GET stats``, ``DELETE stats``; ``POST misbehave`` (JSON of a misbehaviour), ``DELETE misbehave``;
``POST replace?product=NAME`` with the new file as body.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skydb.errors import NotFoundError, UsageError
from skydb.simulate.archive.faults import Misbehaviour, Misbehaviours
from skydb.simulate.archive.holdings import Holdings
from skydb.simulate.archive.stats import Counters

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Control:
    """Answers below ``/_control``."""

    holdings: Holdings
    misbehaviours: Misbehaviours
    counters: Counters

    async def stats(self, request: Request) -> Response:
        """Report the counts; DELETE resets them."""
        from starlette.responses import JSONResponse

        if request.method == "DELETE":
            self.counters.reset()
        return JSONResponse(self.counters.snapshot().to_json())

    async def misbehave(self, request: Request) -> Response:
        """Misbehave from now on; DELETE ends all of it."""
        from starlette.responses import JSONResponse

        if request.method == "DELETE":
            self.misbehaviours.clear()
            return JSONResponse({})
        try:
            self.misbehaviours.add(Misbehaviour.from_json(json.loads(await request.body())))
        except (UsageError, json.JSONDecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({})

    async def replace(self, request: Request) -> Response:
        """Replace the file of a product."""
        from starlette.responses import JSONResponse

        try:
            self.holdings.replace(request.query_params.get("product", ""), await request.body())
        except NotFoundError as error:
            return JSONResponse({"error": str(error)}, 404)
        return JSONResponse({})
