"""Documents that are written as JSON before they come to the database."""

from __future__ import annotations

import json
from typing import Self


class JsonText(str):
    """A document as JSON, which a column of documents takes as it is."""

    __slots__ = ()

    @classmethod
    def of(cls, document: object) -> Self:
        """Write a document."""
        return cls(json.dumps(document))


def as_json(document: object) -> str:
    """JSON of a document, written or not."""
    return str(document) if isinstance(document, JsonText) else json.dumps(document)
