"""Everything that the archive has: observations, products, their bytes, and stars."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from skydb.errors import NotFoundError
from skydb.simulate.archive.caom import Describer, Setup
from skydb.simulate.archive.catalog import CatalogStars
from skydb.simulate.archive.content import Content
from skydb.simulate.truth import FieldTruth


@dataclass
class Holdings:
    """Files of an archive, from a directory of ``skydb simulate``.

    Parameters
    ----------
    observations, product_rows : list of dict
        Rows as MAST has them; sizes are looked up when they are asked for.
    """

    observations: list[dict[str, Any]]
    product_rows: list[dict[str, Any]]
    catalog_path: Path
    _contents: dict[str, Content]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, directory: Path) -> Self:
        """Describe a directory.

        Raises
        ------
        NotFoundError, ParseError
            When it holds no simulated field.
        """
        truth = FieldTruth.load(directory)
        describer = Describer(truth, Setup.read(truth, directory), directory)
        rows, contents = [], {}
        for row, source in describer.products():
            rows.append(row)
            contents[row["productFilename"]] = Content(source)
        return cls(list(describer.observations()), rows, directory / truth.catalog, contents)

    @cached_property
    def stars(self) -> CatalogStars:
        """The catalogue; read when a catalogue service is first asked."""
        return CatalogStars.read(self.catalog_path)

    def content(self, name: str) -> Content | None:
        """Find the file of a name."""
        with self._lock:
            return self._contents.get(name)

    def products(self, obsids: Iterable[str]) -> list[dict[str, Any]]:
        """Rows of the products of some observations, with their sizes."""
        wanted = set(obsids)
        return [
            {**row, "size": self._contents[row["productFilename"]].size}
            for row in self.product_rows
            if row["parent_obsid"] in wanted
        ]

    def replace(self, product: str, source: bytes | Path) -> None:
        """Replace the file of a product.

        Raises
        ------
        NotFoundError
            When there is no such product.
        """
        with self._lock:
            old = self._contents.get(product)
            if old is None:
                raise NotFoundError(f"{product} is not a product of this archive.")
            self._contents[product] = Content(source, old.generation + 1)

    def alias(self, name: str, product: str) -> None:
        """Serve a product under one more name."""
        with self._lock:
            self._contents[name] = self._contents[product]
