"""Look-ups that tools repeat, with the answers that they give, in less time."""

from __future__ import annotations

import functools
from typing import Any


def find_cards_by_index() -> None:
    """Let ``Header.index`` use the places of keywords that every header keeps.

    It compares all cards one by one, and astropy asks it for a dozen keywords of every HDU that
    it checks, a fifth of TweakReg's time on small products.
    """
    from astropy.io.fits import Card, Header

    by_comparison = Header.index
    if not hasattr(Header(), "_keyword_indices") or hasattr(by_comparison, "__wrapped__"):
        return

    @functools.wraps(by_comparison)
    def index(header: Any, keyword: str, start: Any = None, stop: Any = None) -> int:  # noqa: ANN401
        if start is not None or stop is not None:
            return int(by_comparison(header, keyword, start, stop))
        places = header._keyword_indices.get(Card.normalize_keyword(keyword))
        if places:
            return int(places[0])
        raise ValueError(f"The keyword {keyword!r} is not in the  header.")

    Header.index = index


def find_parameter_files_once() -> None:
    """Keep the places of installed parameter files, for which TEAL reads all of a package."""
    from stsci.tools import cfgpars

    if not hasattr(cfgpars.findCfgFileForPkg, "cache_info"):
        cfgpars.findCfgFileForPkg = functools.cache(cfgpars.findCfgFileForPkg)
