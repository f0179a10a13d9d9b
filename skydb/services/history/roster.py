"""Exposures, visits and products that logs name, in the ledger or new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Executable, select, tuple_
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Product, Visit
from skydb.domain.logged import exposure_columns, product_columns, visit_columns
from skydb.domain.values import Rootname
from skydb.files.names import product_named
from skydb.services.history.rows import Named, Rows

VisitKey = tuple[str, str]


@dataclass
class Roster:
    """Names of a transaction, so that the database is queried once for a block.

    Parameters
    ----------
    session : Session
        The transaction.
    rows : Rows
        Place of what is new.
    """

    session: Session
    rows: Rows
    _exposures: dict[str, Named | None] = field(default_factory=dict, init=False)
    _visits: dict[VisitKey, Named | None] = field(default_factory=dict, init=False)
    _products: dict[str, Named | None] = field(default_factory=dict, init=False)

    def look_up(self, rootnames: Iterable[str], filenames: Iterable[str]) -> None:
        """Ask the database for exposures, products and their visits; nothing is made."""
        files = sorted(set(filenames) - self._products.keys())
        if files:
            self._products |= dict.fromkeys(files)
            same = select(Product.filename, Product.id).where(Product.filename.in_(files))
            found = self._asked(same.order_by(Product.id.desc()))
            self._products |= {name: Named.known(number) for name, number in found}
        owners = {product_named(name)[0].text for name in files if self._products[name] is None}
        names = sorted((set(rootnames) | owners) - self._exposures.keys())
        if names:
            self._exposures |= dict.fromkeys(names)
            asked = select(Exposure.rootname, Exposure.id, Exposure.visit_id)
            found = self._asked(asked.where(Exposure.rootname.in_(names)))
            self._exposures |= {name: Named.known(*numbers) for name, *numbers in found}
            self._look_up_visits(Rootname(name) for name in names if not self._exposures[name])

    def exposures(self, rootnames: Iterable[str]) -> dict[str, Named]:
        """Exposures by rootname; those that are not in the ledger are known from the log."""
        texts = sorted(set(rootnames))
        self.look_up(texts, ())
        return {text: self._exposures[text] or self._new_exposure(text) for text in texts}

    def products(self, filenames: Iterable[str]) -> dict[str, Named]:
        """Products by the names of their files; those that are not in the ledger are new."""
        names = list(dict.fromkeys(filenames))
        self.look_up((), names)
        return {name: self._products[name] or self._new_product(name) for name in names}

    @property
    def numbers(self) -> dict[str, int]:
        """Keys of the products, of which there are any."""
        return {name: product.id for name, product in self._products.items() if product}

    def _asked(self, question: Executable) -> list[tuple[Any, ...]]:
        """Answer of the database, of what was written; the rest is remembered here."""
        with self.session.no_autoflush:
            return [tuple(row) for row in self.session.execute(question)]

    def _look_up_visits(self, names: Iterable[Rootname]) -> None:
        keys = {(name.program, name.visit_number) for name in names} - self._visits.keys()
        if keys:
            self._visits |= dict.fromkeys(keys)
            asked = select(Visit.program, Visit.number, Visit.id)
            found = self._asked(asked.where(tuple_(Visit.program, Visit.number).in_(sorted(keys))))
            self._visits |= {(program, number): Named.known(key) for program, number, key in found}

    def _visit(self, name: Rootname) -> Named:
        key = (name.program, name.visit_number)
        self._look_up_visits([name])
        visit = self._visits[key]
        if visit is None:
            visit = self._visits[key] = self.rows.visit(visit_columns(name))
        return visit

    def _new_exposure(self, rootname: str) -> Named:
        name = Rootname(rootname)
        made = self.rows.exposure(exposure_columns(name), self._visit(name))
        self._exposures[rootname] = made
        return made

    def _new_product(self, filename: str) -> Named:
        rootname, kind = product_named(filename)
        exposure = None if kind.is_combined else self.exposures([rootname.text])[rootname.text]
        visit = exposure.visit if exposure and exposure.visit else self._visit(rootname)
        made = self.rows.product(product_columns(filename, kind), visit, exposure)
        self._products[filename] = made
        return made
