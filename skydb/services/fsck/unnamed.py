"""Files of the data root that no row names, found without entities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import JSON, Connection, bindparam, text

from skydb.store.rows import batches

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from skydb.files.workspace import Workspace

#: Directories of the data root in which every file is one that a row names.
HOMES = ("versions", "runs", "catalogs", "history", "mast")

#: Columns that name files.
_COLUMNS = (
    ("file_locations", "path"),
    ("mosaics", "science_path"),
    ("mosaics", "weight_path"),
    ("sky_runs", "masks_path"),
    ("activities", "log_path"),
    ("reference_catalogs", "path"),
    ("downloads", "path"),
)

_NAMED = " UNION ALL ".join(
    f"SELECT {column} FROM {table} WHERE {column} IN :names" for table, column in _COLUMNS
)

#: Runs that were imported name the shift file and match files of their fits in a parameter.
_OF_FITS = text(
    "SELECT parameters FROM activities WHERE imported_by_id IS NOT NULL AND kind = 'alignment'"
).columns(parameters=JSON)


def files_below(workspace: Workspace) -> list[Path]:
    """List the files of the data root that have to be named."""
    found = [path for home in HOMES for path in sorted((workspace.root / home).rglob("*"))]
    return [path for path in found if path.is_file() and not path.name.endswith(".part")]


def unnamed(
    database: Connection | Session, workspace: Workspace, files: Sequence[Path]
) -> list[Path]:
    """Find the files that no row names, nor are companions of one that a row names."""
    by_name = {workspace.relative(path): path for path in files}
    asked = text(_NAMED).bindparams(bindparam("names", expanding=True))
    named: set[str] = set()
    for names in batches(list(by_name)):
        named |= {name for (name,) in database.execute(asked, {"names": names})}
    if any(name.startswith("history/") for name in by_name.keys() - named):
        named |= _evidence(database)
    beside = {path.parent for name, path in by_name.items() if name in named}
    return [
        path
        for name, path in by_name.items()
        # Beside a version are its flags; beside what was fetched, what it was put aside for.
        if name not in named and not (path.parent in beside and is_companion(path))
    ]


def _evidence(database: Connection | Session) -> set[str]:
    """Stored paths of the files that imported fits are known from."""
    rows = database.execute(_OF_FITS)
    return {path for (known,) in rows for path in (known.get("evidence") or {}).values()}


def is_companion(path: Path) -> bool:
    """Whether a file belongs to another one beside it."""
    name = path.name.lower()
    return name.endswith(("_c1m.fits", "_c1m.fits.gz")) or ".aside" in name
