"""The style of the pages: that of reports, and what pages have beside."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def stylesheet() -> str:
    """Text of the style sheet."""
    report = files("skydb.report") / "templates" / "style.css"
    own = files("skydb.browse") / "static" / "browse.css"
    return "\n".join(one.read_text(encoding="utf-8") for one in (report, own))
