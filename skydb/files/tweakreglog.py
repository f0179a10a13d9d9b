"""Numbers that only the log of TweakReg has: matches before clipping."""

from __future__ import annotations

import re
from pathlib import Path


def matches_before_clipping(log: Path, product: str) -> int | None:
    """Matches that TweakReg found for a product before it left any out.

    Parameters
    ----------
    log : pathlib.Path
        ``tweakreg.log`` of the call.
    product : str
        File name of the product.

    Returns
    -------
    int or None
        None when the log is not there or does not say.
    """
    found = re.compile(rf"Found\s+(\d+)\s+matches\s+for\s+{re.escape(product)}(?![\w.]*\w)")
    try:
        counts = found.findall(log.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return None
    return int(counts[-1]) if counts else None
