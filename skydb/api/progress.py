"""Listeners to long work: a class with the methods of :class:`Progress`, or :class:`Quiet`."""

from __future__ import annotations

from skydb.services.core import Progress as Progress
from skydb.services.core import Quiet as Quiet

__all__ = ["Progress", "Quiet"]
