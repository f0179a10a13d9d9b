"""skydb: the ledger of HST sky matching.

``import skydb; ledger = skydb.open(url)`` gives a facade whose methods mirror the
commands; entities and services are importable for those who build on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydb.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from skydb.api.ledger import Ledger

__all__ = ["__version__", "open"]


def open(url: str | None = None, *, data: str | Path | None = None) -> Ledger:
    """Open a ledger.

    Parameters
    ----------
    url : str, optional
        SQLAlchemy URL; else ``$SKYDB_URL``, else ``sqlite:///skydb.sqlite``.
    data : path-like, optional
        Data root; else ``$SKYDB_DATA``, else ``skydb-data`` beside the SQLite file.

    Raises
    ------
    SchemaError
        When the database is not at the revision of this skydb.
    """
    from skydb.api.ledger import Ledger
    from skydb.simulate.tiny import TinyFields

    return Ledger.open(url, data=data, fields=TinyFields())
