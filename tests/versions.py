"""File versions for tests, recorded at a path."""

from __future__ import annotations

from skydb.domain import Product, ProductVersion
from skydb.domain.values import FileFacts


def recorded(
    product: Product, facts: FileFacts, path: str, *, is_managed: bool = False
) -> ProductVersion:
    """A delivery of a product, as ingest records it."""
    version = product.add_version(facts)
    version.see_at(path, is_managed=is_managed)
    return version
