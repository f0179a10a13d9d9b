"""The ledger, as Python programs and the command line see it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from skydb.api.asking import AskingCommands
from skydb.api.boundary import guard_methods
from skydb.api.browsing import BrowsingCommand
from skydb.api.proving import ProvingCommands
from skydb.api.reading import ReadingCommands
from skydb.api.working import WorkingCommands
from skydb.domain.calls import answering_commands

if TYPE_CHECKING:
    from skydb.api.alignment import AlignGroup
    from skydb.api.books import BooksGroup
    from skydb.api.catalogs import RefcatGroup
    from skydb.api.composition import Services
    from skydb.api.database import DatabaseGroup
    from skydb.api.exports import ExportGroup
    from skydb.api.fetching import FetchGroup
    from skydb.api.files import HistoryGroup, InspectGroup
    from skydb.api.pictures import Pictures
    from skydb.api.presets import PresetGroup
    from skydb.api.runs import RunsGroup
    from skydb.api.sites import Sites
    from skydb.api.sky import SkyGroup
    from skydb.services.core import Progress
    from skydb.services.selftest import FieldMaker


#: Modules of the groups, which are imported when a group is asked for.
_GROUPS = {
    "AlignGroup": "alignment",
    "BooksGroup": "books",
    "DatabaseGroup": "database",
    "ExportGroup": "exports",
    "FetchGroup": "fetching",
    "HistoryGroup": "files",
    "InspectGroup": "files",
    "PresetGroup": "presets",
    "RefcatGroup": "catalogs",
    "RunsGroup": "runs",
    "SkyGroup": "sky",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a group
    if name in _GROUPS:
        return getattr(import_module(f"skydb.api.{_GROUPS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


for _commands in (
    AskingCommands, ReadingCommands, ProvingCommands, WorkingCommands, BrowsingCommand,
):  # fmt: skip
    guard_methods(_commands)


@answering_commands
class Ledger(AskingCommands, ReadingCommands, ProvingCommands, WorkingCommands, BrowsingCommand):
    """A ledger without sessions: its groups and methods are those of the commands.

    Every method gives a :class:`~skydb.api.results.Result`: rows, a ``QTable`` with units, a
    data frame, and a figure where the command draws one. Use :func:`skydb.open`.

    Parameters
    ----------
    opener : callable
        Opens the services; called when a method first needs the database.
    pictures : Pictures
        Draws figures.
    fields : FieldMaker
        Makes the fields of a self-test.
    url : str, optional
        Database URL as it was given.
    progress : Progress, optional
        Listens to long work.
    sites : Sites, optional
        Makes pages for a browser.

    Examples
    --------
    >>> [run.kind for run in db.runs()][-1]
    'ingest'
    """

    def __init__(
        self,
        opener: Callable[[], Services],
        pictures: Pictures,
        fields: FieldMaker,
        url: str | None = None,
        progress: Progress | None = None,
        sites: Sites | None = None,
    ) -> None:
        self._opener = opener
        self.pictures = pictures
        self.fields = fields
        self._given_url = url
        self.progress = progress
        #: Whether messages name words of a call, and not options of commands.
        self.is_for_python = False
        self.sites = sites

    @cached_property
    def services(self) -> Services:
        """Services below; they are not part of the stable API."""
        return self._opener()

    @property
    def exists(self) -> bool:
        """Whether the database is there; one on a server is taken to be."""
        from skydb.store.engine import resolve_url, sqlite_path

        path = sqlite_path(resolve_url(self._given_url))
        return path is None or path.exists()

    @property
    def url(self) -> str:
        """Database URL, with its password."""
        from skydb.store.engine import resolve_url

        return resolve_url(self._given_url).render_as_string(hide_password=False)

    @cached_property
    def align(self) -> AlignGroup:
        """Fits, their acceptance, and the ledger of every WCS."""
        from skydb.api.alignment import AlignGroup

        return AlignGroup(self)

    @cached_property
    def sky(self) -> SkyGroup:
        """Sky runs, their comparison and their audit."""
        from skydb.api.sky import SkyGroup

        return SkyGroup(self)

    @cached_property
    def refcat(self) -> RefcatGroup:
        """Reference catalogues."""
        from skydb.api.catalogs import RefcatGroup

        return RefcatGroup(self)

    @cached_property
    def fetch(self) -> FetchGroup:
        """Exposures and products from MAST."""
        from skydb.api.fetching import FetchGroup

        return FetchGroup(self)

    @cached_property
    def inspect(self) -> InspectGroup:
        """Exposures and their WCS."""
        from skydb.api.files import InspectGroup

        return InspectGroup(self)

    @cached_property
    def history(self) -> HistoryGroup:
        """Runs made without skydb."""
        from skydb.api.files import HistoryGroup

        return HistoryGroup(self)

    @cached_property
    def runs(self) -> RunsGroup:
        """Everything that ran, and what is kept of it."""
        from skydb.api.runs import RunsGroup

        return RunsGroup(self)

    @cached_property
    def books(self) -> BooksGroup:
        """Notes and flags."""
        from skydb.api.books import BooksGroup

        return BooksGroup(self)

    @cached_property
    def preset(self) -> PresetGroup:
        """Options of AstroDrizzle under a name."""
        from skydb.api.presets import PresetGroup

        return PresetGroup(self)

    @cached_property
    def export(self) -> ExportGroup:
        """Tables, footprints and lineages out of the ledger."""
        from skydb.api.exports import ExportGroup

        return ExportGroup(self)

    @cached_property
    def database(self) -> DatabaseGroup:
        """The schema, backups and readers of the database."""
        from skydb.api.database import DatabaseGroup

        return DatabaseGroup(self)

    def _say(self, sentence: str) -> None:
        if self.progress is not None:
            self.progress.remark(sentence)

    def __repr__(self) -> str:
        from skydb.store.engine import resolve_url
        from skydb.store.urls import shown

        return f"<Ledger {shown(resolve_url(self._given_url))}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        is_open = "services" in self.__dict__
        if is_open and error is not None and not isinstance(error, Exception):
            from skydb.services.core import close_begun

            close_begun(self.services.context.store, type(error).__name__)
        self.close()

    def close(self) -> None:
        """Close the connections to the database; a method that is called later opens new ones."""
        if "services" in self.__dict__:
            self.services.close()
