"""skydb: the ledger of HST sky matching.

``db = skydb.open(url)`` gives a ledger whose groups mirror the commands: ``db.align.run(...)``,
``db.sky.compare()``, ``db.runs()``. Entities (:mod:`skydb.domain`) work with a session of
SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skydb.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from skydb.api.ledger import Ledger
    from skydb.api.results import Record, Result, Row
    from skydb.drizzle.settings import AstroDrizzleSettings, TweakRegSettings
    from skydb.services.core import Progress
    from skydb.simulate.archive import LoopbackArchive

__all__ = [
    "AstroDrizzleSettings",
    "Ledger",
    "Record",
    "Result",
    "Row",
    "TweakRegSettings",
    "__version__",
    "copy",
    "init",
    "open",
    "serve",
    "simulate",
]

#: Where a name is made; loaded when it is first used.
_MADE_IN = {
    "AstroDrizzleSettings": "skydb.drizzle.settings",
    "TweakRegSettings": "skydb.drizzle.settings",
    "Ledger": "skydb.api.ledger",
    "Record": "skydb.api.results",
    "Result": "skydb.api.results",
    "Row": "skydb.api.results",
    "copy": "skydb.api.database",
    "serve": "skydb.simulate.calling",
}


def open(
    url: str | Path | None = None,
    *,
    data: str | Path | None = None,
    archive: str | LoopbackArchive | None = None,
    progress: Progress | None = None,
) -> Ledger:
    """Open a ledger.

    Parameters
    ----------
    url : str or Path, optional
        SQLAlchemy URL, or the path of an SQLite file (a text with ``/`` or a suffix, too); else
        ``$SKYDB_URL``, else ``sqlite:///skydb.sqlite``.
    data : path-like, optional
        Data root; else ``$SKYDB_DATA``, else ``skydb-data`` beside the SQLite file.
    archive : str or LoopbackArchive, optional
        Archive in place of MAST, Gaia and GSSS: what :func:`.serve` gives, or the URL that
        ``skydb archive serve`` prints.
    progress : Progress, optional
        Listens to long work.

    Returns
    -------
    Ledger
        Close it, or use it in a ``with`` statement.

    Raises
    ------
    NotFoundError
        When the SQLite file is not there.
    SchemaError
        When the database is not at the revision of this skydb.

    Examples
    --------
    >>> with skydb.open(db.url) as ledger:
    ...     len(ledger.inspect.headers()) > 0
    True
    """
    ledger = lazy_ledger(_as_path(url), data, archive, progress)
    ledger.is_for_python = True
    ledger.services  # noqa: B018 - connects
    return ledger


def init(
    url: str | Path | None = None,
    *,
    data: str | Path | None = None,
    archive: str | LoopbackArchive | None = None,
) -> Ledger:
    """Create the database of a ledger, or bring it up to date, and open it.

    Parameters
    ----------
    url, data, archive
        As of :func:`open`.

    Raises
    ------
    UsageError, SchemaError
        When there is no such place for a database, or something else is in it.

    Examples
    --------
    >>> skydb.init("sqlite:///new.sqlite").database.current().is_current
    True
    """
    ledger = lazy_ledger(_as_path(url), data, archive)
    ledger.is_for_python = True
    ledger.database.upgrade()
    return open(url, data=data, archive=archive)


def lazy_ledger(
    url: str | Path | None = None,
    data: str | Path | None = None,
    archive: str | LoopbackArchive | None = None,
    progress: Progress | None = None,
) -> Ledger:
    """Give a ledger that opens its database when a method needs it; see :func:`open`."""
    from skydb.api.checking import path
    from skydb.api.composition import Services
    from skydb.api.ledger import Ledger
    from skydb.browse.site import LedgerSites
    from skydb.report.pictures import LedgerPictures
    from skydb.simulate.tiny import TinyFields

    fields, named, served = TinyFields(), _url(url), _address(archive)
    root = None if data is None else path(data, "data")

    def connect() -> Services:
        return Services.open(named, root, progress, fields, served)

    return Ledger(connect, LedgerPictures(), fields, named, progress, LedgerSites())


def _as_path(url: str | Path | None) -> str | Path | None:
    """A text that is the path of a file, and no URL, as that path."""
    from pathlib import Path

    is_path = isinstance(url, str) and ":" not in url and ("/" in url or Path(url).suffix != "")
    return Path(url) if isinstance(url, str) and is_path else url


def _url(url: str | Path | None) -> str | None:
    from pathlib import Path

    from skydb.errors import UsageError

    if isinstance(url, Path):
        return f"sqlite:///{url}"
    if url is None or (isinstance(url, str) and url):
        return url
    raise UsageError(f"{url!r} is not a database.", advice="Give a URL, sqlite:///skydb.sqlite.")


def _address(archive: str | LoopbackArchive | None) -> str | None:
    from skydb.errors import UsageError

    address = getattr(archive, "url", archive)
    if address is None or (isinstance(address, str) and address.startswith("http")):
        return address
    raise UsageError(
        f"archive={archive!r} is not an archive.", advice="Give skydb.serve(directory), or a URL."
    )


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    from importlib import import_module

    if name == "simulate":
        return import_module("skydb.simulate")
    if name in _MADE_IN:
        return getattr(import_module(_MADE_IN[name]), name)
    raise AttributeError(f"module 'skydb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
