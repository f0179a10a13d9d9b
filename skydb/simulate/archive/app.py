"""The services together, as one ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydb.simulate.archive.control import Control
from skydb.simulate.archive.download import Downloads
from skydb.simulate.archive.faults import Misbehaviours
from skydb.simulate.archive.front import Front
from skydb.simulate.archive.gaia import TapService
from skydb.simulate.archive.gsss import CatalogService
from skydb.simulate.archive.holdings import Holdings
from skydb.simulate.archive.portal import Portal
from skydb.simulate.archive.stats import Counters

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

_TAP = "/tap-server/tap"


def make_app(holdings: Holdings, misbehaviours: Misbehaviours, counters: Counters) -> ASGIApp:
    """The application that answers for all services."""
    from starlette.applications import Starlette

    shared = (holdings, misbehaviours, counters)
    routes = [
        *_mast_routes(Portal(*shared), Downloads(*shared)),
        *_catalog_routes(CatalogService(*shared), TapService(*shared)),
        *_control_routes(Control(*shared)),
    ]
    return Front(Starlette(routes=routes), misbehaviours, counters)


def _mast_routes(portal: Portal, downloads: Downloads) -> list[BaseRoute]:
    from starlette.routing import Route

    config = "/portal/Mashup/Mashup.asmx/columnsconfig"
    return [
        Route(config, portal.columns_config, methods=["POST"]),
        Route("/api/v0/invoke", portal.invoke, methods=["POST"]),
        Route("/api/v0.1/Download/file", downloads.answer, methods=["GET", "HEAD"]),
        Route("/whoami", _whoami),
    ]


def _catalog_routes(gsss: CatalogService, tap: TapService) -> list[BaseRoute]:
    from starlette.routing import Route

    job = f"{_TAP}/async/{{number}}"
    return [
        Route("/vo/CatalogSearch.aspx", gsss.answer),
        Route(f"{_TAP}/sync", tap.sync, methods=["GET", "POST"]),
        Route(f"{_TAP}/async", tap.create, methods=["POST"]),
        Route(job, tap.describe),
        Route(f"{job}/phase", tap.phase, methods=["GET", "POST"]),
        Route(f"{job}/results/result", tap.result),
        Route(f"{job}/error", tap.error),
        Route("/tap-server/notification", tap.notification),
    ]


def _control_routes(control: Control) -> list[BaseRoute]:
    from starlette.routing import Route

    return [
        Route("/_control/stats", control.stats, methods=["GET", "DELETE"]),
        Route("/_control/misbehave", control.misbehave, methods=["POST", "DELETE"]),
        Route("/_control/replace", control.replace, methods=["POST"]),
    ]


async def _whoami(request: Request) -> Response:
    """Accept any token as a user."""
    from starlette.responses import JSONResponse

    is_anonymous = not (request.cookies.get("mast_token") or request.headers.get("authorization"))
    names = {} if is_anonymous else {"display_name": "a user"}
    return JSONResponse({"anon": is_anonymous, "attrib": names})
