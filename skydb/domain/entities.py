"""The root of all entities, with every one of them there: for what is about all tables."""

from __future__ import annotations

from skydb.domain.base import Base, load_entities

__all__ = ["Base"]

load_entities()
