"""Statements that are compiled once in a process, however many ledgers it opens.

SQLAlchemy compiles a statement once for each engine, as each has a dialect of its own. To compile
those of a small question takes longer than the database takes to answer it. The dialects of this
package are those of SQLAlchemy, and equal where they compile alike.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.util import LRUCache

from skydb.domain.jsontext import as_json

#: Execution option of a question of which many bytes are read, some rows at a time: PostgreSQL
#: would send each as two letters.
AS_BYTES = "skydb_as_bytes"

#: More than a process asks; the statements that were not asked longest go first.
_STATEMENTS = 2_000

#: Compiled statements by their text, parameters and dialect.
_COMPILED: LRUCache[Any, Any] = LRUCache(_STATEMENTS)

#: Last part of the driver's name in the URL from which an engine is made.
_OURS = "skydb"


def sharing_engine(url: URL, **options: Any) -> Engine:  # noqa: ANN401 - as SQLAlchemy takes them
    """Make an engine that shares what it compiles with all others of this process.

    Parameters
    ----------
    url : URL
        With SQLAlchemy's own driver name, which the engine keeps.
    **options
        For :func:`sqlalchemy.create_engine`.
    """
    backend = url.get_backend_name()
    registry.register(f"{backend}.{_OURS}", f"skydb.store.{backend}dialect", "SharingDialect")
    engine = create_engine(
        url.set(drivername=f"{backend}+{_OURS}"),
        execution_options={"compiled_cache": _COMPILED},
        json_serializer=as_json,
        **options,
    )
    engine.url = url
    return engine
