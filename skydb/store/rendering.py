"""Rendering of entities in migrations, so that migrations never change with entities."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Enum
from sqlalchemy.types import TypeEngine

from skydb.domain.columntypes import Key, UtcDateTime, Word


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Spell the column types of skydb in plain SQLAlchemy; False leaves it to alembic.

    Parameters
    ----------
    kind : str
        What the item is; only a ``type`` is spelled here.
    item : object
        The type of a column.
    """
    if kind != "type" or not isinstance(item, TypeEngine):
        return False
    if item is Key:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if item.__visit_name__ == "JSON":
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if isinstance(item, Word):
        return f"sa.String(length={item.length})"
    if isinstance(item, Enum):
        return _vocabulary(item)
    return False


def _vocabulary(item: Enum) -> str:
    words = ", ".join(repr(word) for word in item.enums)
    more = "native_enum=False, create_constraint=True"
    return f"sa.Enum({words}, name={item.name!r}, {more}, length={item.length})"
