"""Datasette over a snapshot, with the pages of skydb; the one importer of Datasette.

Datasette's hooks are those of its version 0.65:
https://docs.datasette.io/en/0.65/plugin_hooks.html
"""

from __future__ import annotations

import secrets
import sqlite3
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from skydb.browse import links
from skydb.browse.asking import Asking, TooSlowError
from skydb.browse.blocks import Page, Part, Text, shown
from skydb.browse.here import Here
from skydb.browse.meanings import VIEWS, metadata, question_links
from skydb.browse.mosaics import MosaicPictures
from skydb.browse.pages.comparison import comparison, find
from skydb.browse.pages.exposures import exposure
from skydb.browse.pages.fields import field, sky_map, todo, visit
from skydb.browse.pages.overview import overview
from skydb.browse.pages.runs import findings, run, runs
from skydb.browse.style import stylesheet
from skydb.errors import NotFoundError, SkydbError, UsageError

try:
    from datasette import hookimpl
    from datasette.app import Datasette
    from datasette.database import Database, QueryInterrupted
    from datasette.plugins import pm
    from datasette.utils.asgi import Base400, Forbidden, NotFound, Response
    from datasette.views.base import DatasetteError
    from markupsafe import Markup, escape
except ModuleNotFoundError as error:
    raise UsageError(
        f"Browsing a ledger needs {error.name}, which is not installed.",
        advice="Install it with: pip install 'skydb[browse]'.",
    ) from error

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.browse.facts import LedgerFacts

#: Rows of a table on one page.
_ROWS = 100
_TEMPLATES = Path(__file__).parent / "templates"
#: Datasette's own handler, which prints the traceback of a page that is not there.
_HANDLER = "datasette.handle_exception"

#: Entries of the navigation.
AREAS = (
    ("Ledger", "/"),
    ("Map", "/map"),
    ("Runs", "/runs"),
    ("Findings", "/findings"),
    ("To do", "/todo"),
    ("Tables and SQL", f"/{links.DATABASE}"),
)

_Maker = Callable[..., "Page | str"]
#: Pages by the form of their address.
_PAGES: tuple[tuple[str, _Maker], ...] = (
    (r"/$", overview),
    (r"/find$", find),
    (r"/field$", field),
    (r"/field/(?P<target>[^/]+)$", field),
    (r"/visit/(?P<label>[^/]+)$", visit),
    (r"/exposure/(?P<rootname>[^/]+)$", exposure),
    (r"/runs$", runs),
    (r"/run/(?P<number>[^/]+)$", run),
    (r"/compare$", comparison),
    (r"/findings$", findings),
    (r"/map$", sky_map),
    (r"/todo$", todo),
)
#: Datasette's words for an address without a page, which are about its databases.
_NO_PAGE = ("", "404", "Database not found")
#: Failures of SQLite that no address causes; the lowest byte of a code is its kind.
_OF_THE_FILE = {
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FULL),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY),
}
#: Datasette's tools for its own developers, some with links to other places.
_CLOSED = (
    r"/-/(patterns|allow-debug|messages|permissions|logout|auth-token|actor|threads)(\.json)?$"
)


_F = TypeVar("_F", bound=Callable[..., Any])


def hook(function: _F) -> _F:
    """Mark a method as the implementation of Datasette's hook of its name."""
    hookimpl(function)
    return function


class QuietDatabase(Database):  # type: ignore[misc]
    """A database that leaves it to the page to say what is wrong with a question."""

    async def execute(self, *values: Any, **options: Any) -> Any:  # noqa: ANN401
        """Answer a question as Datasette does, without a line in the terminal."""
        return await super().execute(*values, **{**options, "log_sql_errors": False})


class ThreadlessDatabase(Database):  # type: ignore[misc]
    """Datasette's own tables, written without the thread that would never end."""

    _write_connection: Any

    async def execute_write_fn(self, fn: Callable[[Any], Any], block: bool = True) -> Any:  # noqa: ANN401
        """Write at once: it is in memory, and small."""
        if self._write_connection is None:
            self._write_connection = self.connect(write=True)
            self.ds._prepare_connection(self._write_connection, self.name)
        return fn(self._write_connection)


def _noting(connect: Callable[..., Any], opened: list[Any]) -> Callable[..., Any]:
    """Connect as before, and note every connection so that it can be closed."""

    def connected(write: bool = False) -> Any:  # noqa: ANN401
        made = connect(write=write)
        opened.append(made)
        return made

    return connected


class Application:
    """Datasette with the pages of skydb: a plugin of that one Datasette.

    Parameters
    ----------
    services : Services
        The snapshot through the Python interface.
    path : Path
        The snapshot.
    facts : LedgerFacts
        What was counted once.
    about : mapping of str to str
        Shown on every page: ``ledger``, ``taken_at``.
    """

    #: Datasette asks plugins for their name.
    __name__ = "skydb-browse"

    def __init__(
        self, services: Services, path: Path, facts: LedgerFacts, about: Mapping[str, str]
    ) -> None:
        self._services = services
        self._facts = facts
        self._about = about
        self._pictures = MosaicPictures(services, path.parent / "pictures")
        counts = {name: {"count": count} for name, count in facts.counts.items()}
        self.datasette = Datasette(
            metadata=metadata(facts),
            template_dir=str(_TEMPLATES),
            # Datasette would read the whole file for a checksum, and count every table.
            inspect_data={
                links.DATABASE: {"hash": "0" * 64, "size": path.stat().st_size, "tables": counts}
            },
            settings={
                "sql_time_limit_ms": round(1e3 * facts.question_s),
                "facet_time_limit_ms": round(1e3 * facts.facet_s),
                "default_page_size": _ROWS,
                "default_facet_size": 12,
                "suggest_facets": False,
                "allow_download": False,
                "default_cache_ttl": 0,
                "truncate_cells_html": 400,
            },
        )
        for name in ("_memory", "_internal"):
            self.datasette.remove_database(name)
        internal = ThreadlessDatabase(self.datasette, memory_name=secrets.token_hex())
        self.datasette.add_database(internal, name="_internal")
        database = QuietDatabase(self.datasette, str(path), is_mutable=False)
        self.datasette.add_database(database, name=links.DATABASE)
        self._opened: list[Any] = []
        for one in self.datasette.databases.values():
            one.connect = _noting(one.connect, self._opened)

    @contextmanager
    def registered(self) -> Iterator[Any]:
        """The ASGI application, for the length of a block."""
        handler = pm.unregister(name=_HANDLER) if pm.has_plugin(_HANDLER) else None
        pm.register(self, f"skydb-browse-{id(self)}")
        try:
            app = self.datasette.app()
            self.datasette.client.app = app
            yield app
        finally:
            pm.unregister(self)
            if handler is not None:
                pm.register(handler, _HANDLER)
            self._close()

    def _close(self) -> None:
        """End the threads of Datasette, which has no end of its own, and their connections."""
        self.datasette.executor.shutdown(cancel_futures=True)
        for connection in self._opened:
            connection.close()

    @hook
    def register_routes(self, datasette: Datasette) -> list[tuple[str, Any]]:
        """Add the pages, the style and the pictures."""
        if not self._is_mine(datasette):
            return []
        pages = [(regex, self._view(make)) for regex, make in _PAGES]
        return [
            *pages,
            (r"/style\.css$", _style),
            (r"/mosaic/(?P<number>\d{1,9})\.png$", self._mosaic),
            (_CLOSED, self._closed),
        ]

    @hook
    def extra_template_vars(self, datasette: Datasette) -> dict[str, Any]:
        """Give every template the navigation, and what the snapshot is of."""
        if not self._is_mine(datasette):
            return {}
        return {
            "areas": AREAS,
            "about": self._about,
            "is_shown": shown,
            "kind": lambda block: type(block).__name__,
            "find_by": lambda name: VIEWS[name].find_by if name in VIEWS else (),
            "all_views": [(name, view.about) for name, view in VIEWS.items()],
            "questions": question_links(self._facts),
        }

    @hook
    def render_cell(
        self,
        row: Mapping[str, Any],
        value: object,
        column: str,
        datasette: Datasette,
    ) -> Markup | None:
        """Lead from every id to its page, in Datasette's own tables too."""
        if not self._is_mine(datasette) or isinstance(value, bytes | dict):
            return None
        href = links.href_of(column, value, dict(row))
        if href is None:
            # Addresses of an archive are texts: nothing here leads out of this machine.
            is_address = isinstance(value, str) and value.strip().startswith(("http:", "https:"))
            return escape(value) if is_address else None
        return Markup('<a href="{}">{}</a>').format(href, value)

    @hook
    def handle_exception(
        self,
        datasette: Datasette,
        request: Any,  # noqa: ANN401
        exception: Exception,
    ) -> Any:  # noqa: ANN401 - a response, later
        """Make the page of an error in the look of the others."""
        if not self._is_mine(datasette):
            return None
        return lambda: self._failed(request, exception)

    def _is_mine(self, datasette: Datasette) -> bool:
        return datasette is self.__dict__.get("datasette")

    def _view(self, make: _Maker) -> Any:  # noqa: ANN401 - a view of Datasette
        async def view(request: Any) -> Response:  # noqa: ANN401
            words = {name: request.args.getlist(name) for name in request.args}
            names = {name: unquote(text) for name, text in request.url_vars.items()}
            database = self.datasette.get_database(links.DATABASE)

            def made(connection: Any) -> Page | str:  # noqa: ANN401
                asking = Asking(connection, self._facts.question_s)
                here = Here(asking, self._services, self._facts, words)
                return _guarded(lambda: make(here, *names.values()))

            page = await database.execute_fn(made)
            if isinstance(page, str):
                return Response.redirect(page)
            return await self._set(page, request)

        return view

    async def _set(self, page: Page, request: Any) -> Response:  # noqa: ANN401
        context = {"page": page, "area": page.area}
        html = await self.datasette.render_template("page.html", context, request=request)
        return Response.html(html, status=page.status)

    async def _mosaic(self, request: Any) -> Response:  # noqa: ANN401
        number = int(request.url_vars["number"])
        words = request.args.getlist("run")
        beside = [int(word) for word in words if word.isdigit() and len(word) < 10][:6]
        database = self.datasette.get_database(links.DATABASE)
        try:
            png = await database.execute_fn(lambda _: self._pictures.png(number, beside))
        except SkydbError as error:
            return await self._set(_page_of(error), request)
        return Response(png, content_type="image/png", headers={"cache-control": "max-age=3600"})

    async def _closed(self, request: Any) -> Response:  # noqa: ANN401
        return await self._failed(request, NotFound("There is no such page."))

    async def _failed(self, request: Any, exception: Exception) -> Response:  # noqa: ANN401
        page = _page_of(exception)
        if page.status == 500 and _is_of_its_address(request, exception):
            page = _page_of(Base400("The address asks for something that is not understood."))
        if page.status == 500:
            traceback.print_exception(exception)
        if request.path.endswith(".json"):
            document = {"ok": False, "error": page.lead, "status": page.status}
            return Response.json(document, status=page.status)
        return await self._set(page, request)


def _guarded(make: Callable[[], Page | str]) -> Page | str:
    """A page, or the one that says why there is none."""
    try:
        return make()
    except SkydbError as error:
        return _page_of(error)


def _page_of(error: Exception) -> Page:
    status, title, said = _account_of(error)
    advice = "Go on with the navigation above, or search by name on the first page."
    if status == 503:
        advice = "Restrict it: by a visit, a rootname or a run, which are found by index."
    return Page(title, said, (Part("", (Text((advice,)),)),), status=status)


def _is_of_its_address(request: Any, exception: Exception) -> bool:  # noqa: ANN401
    """Whether Datasette stumbled over what an address asks of its own pages."""
    frames = traceback.extract_tb(exception.__traceback__)
    is_ours = bool(frames) and Path(frames[-1].filename).is_relative_to(Path(__file__).parents[1])
    code = getattr(exception, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    is_such = (
        isinstance(exception, ValueError | LookupError | sqlite3.Error) and code not in _OF_THE_FILE
    )
    return is_such and not is_ours and request.path.startswith(f"/{links.DATABASE}")


def _account_of(error: Exception) -> tuple[int, str, str]:
    """HTTP status, title and words of an error."""
    if isinstance(error, TooSlowError | QueryInterrupted):
        return 503, "This takes too long", "The answer took longer than a page may."
    if isinstance(error, NotFound | NotFoundError):
        said = "There is no such page." if str(error) in _NO_PAGE else str(error)
        return 404, "Not found", said
    if isinstance(error, Forbidden):
        return 403, "Not allowed", "This part is not served."
    if isinstance(error, DatasetteError):
        is_slow = "SQL Interrupted" in str(error.title or "")
        if is_slow:
            return _account_of(TooSlowError(""))
        said = Markup(str(error.message)).striptags()
        # A column that there is not is no failure of this page.
        status = 400 if error.status == 500 else error.status
        return status, str(error.title or "This cannot be shown"), said
    if isinstance(error, Base400):
        return error.status, "This cannot be shown", str(error)
    if isinstance(error, SkydbError):
        return 422, "This cannot be shown", str(error)
    return 500, "This page failed", "The reason is in the terminal where `skydb browse` runs."


async def _style() -> Response:
    headers = {"cache-control": "max-age=3600"}
    return Response(stylesheet(), content_type="text/css; charset=utf-8", headers=headers)
