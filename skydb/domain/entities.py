"""All entities: needed together before one is mapped, and for the tables as a whole."""

from __future__ import annotations

from importlib import import_module

from skydb.domain.base import Base

__all__ = ["Base"]

#: Modules of :mod:`skydb.domain` that have entities.
_MODULES = (
    "activity",
    "alignment",
    "books",
    "catalog",
    "chip",
    "download",
    "exposure",
    "history",
    "isolation",
    "location",
    "overlap",
    "passband",
    "preset",
    "process",
    "product",
    "selftest",
    "sky",
    "solution",
    "trust",
    "version",
    "visit",
    "visitdrizzle",
)

for _module in _MODULES:
    import_module(f"skydb.domain.{_module}")
