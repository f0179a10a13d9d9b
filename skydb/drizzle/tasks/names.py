"""Names of skydb's solutions, which drizzlepac has not learned to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skydb.domain.values import WcsName
from skydb.drizzle.labels import wcs_type_of


@contextmanager
def skydb_names_understood() -> Iterator[None]:
    """Let drizzlepac write mosaics of exposures whose WCS is ``IDC_xxx-FIT_SKYDB_yyy``.

    Its ``interpret_wcsname_type`` looks the scope of a fit up in a table of four and
    raises KeyError for any other, after the drizzling and before anything is written.
    """
    from drizzlepac import updatehdr

    real = updatehdr.interpret_wcsname_type

    def interpret(name: str | None) -> str:
        parsed = WcsName.parse(name or "")
        if (parsed.scope or "").upper() == "SKYDB":
            return wcs_type_of(parsed.catalog or "")
        return str(real(name))

    updatehdr.interpret_wcsname_type = interpret
    try:
        yield
    finally:
        updatehdr.interpret_wcsname_type = real
