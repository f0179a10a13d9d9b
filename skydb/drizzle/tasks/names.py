"""Names of skydb's solutions, which drizzlepac has not learned to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from skydb.drizzle.wcstypes import wcs_type_of

#: As ``WcsName`` reads them; importing the domain would cost the subprocess half a second.
_FITTED_BY_SKYDB = re.compile(
    r"\s*IDC_[^-]{1,40}-FIT_SKYDB(_(?P<catalog>.{1,40}))?\s*", re.IGNORECASE | re.DOTALL
)


@contextmanager
def skydb_names_understood() -> Iterator[None]:
    """Let drizzlepac write mosaics of exposures whose WCS is ``IDC_xxx-FIT_SKYDB_yyy``.

    Its ``interpret_wcsname_type`` looks the scope of a fit up in a table of four and
    raises KeyError for any other, after the drizzling and before anything is written.
    """
    from drizzlepac import updatehdr

    real = updatehdr.interpret_wcsname_type

    def interpret(name: str | None) -> str:
        fitted = _FITTED_BY_SKYDB.fullmatch(name or "")
        if fitted is not None:
            return wcs_type_of((fitted["catalog"] or "").strip())
        return str(real(name))

    updatehdr.interpret_wcsname_type = interpret
    try:
        yield
    finally:
        updatehdr.interpret_wcsname_type = real
