"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 visit``, ``2 visits``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
