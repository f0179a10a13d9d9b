"""Exposures, visits and products that logs name, in the ledger or new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Product, Visit
from skydb.domain.values import Rootname
from skydb.files.names import product_named

E = TypeVar("E")
VisitKey = tuple[str, str]


@dataclass
class Roster:
    """Entities of a transaction, so that the database is queried once for a block.

    Parameters
    ----------
    session : Session
        The transaction.
    """

    session: Session
    _exposures: dict[str, Exposure | None] = field(default_factory=dict, init=False)
    _visits: dict[VisitKey, Visit | None] = field(default_factory=dict, init=False)
    _products: dict[str, Product | None] = field(default_factory=dict, init=False)

    def look_up(self, rootnames: Iterable[str], filenames: Iterable[str]) -> None:
        """Ask the database for exposures, products and their visits; nothing is made."""
        files = sorted(set(filenames) - self._products.keys())
        if files:
            self._products |= dict.fromkeys(files)
            same = select(Product).where(Product.filename.in_(files)).order_by(Product.id.desc())
            self._products |= {product.filename: product for product in self.asked(same)}
        owners = {product_named(name)[0].text for name in files if self._products[name] is None}
        names = sorted((set(rootnames) | owners) - self._exposures.keys())
        if names:
            self._exposures |= dict.fromkeys(names)
            found = self.asked(select(Exposure).where(Exposure.rootname.in_(names)))
            self._exposures |= {exposure.rootname: exposure for exposure in found}
            self._look_up_visits(Rootname(name) for name in names if not self._exposures[name])

    def exposures(self, rootnames: Iterable[str]) -> dict[str, Exposure]:
        """Exposures by rootname; those that are not in the ledger are known from the log."""
        texts = sorted(set(rootnames))
        self.look_up(texts, ())
        return {text: self._exposures[text] or self._new_exposure(text) for text in texts}

    def products(self, filenames: Iterable[str]) -> dict[str, Product]:
        """Products by the names of their files; those that are not in the ledger are new."""
        names = list(dict.fromkeys(filenames))
        self.look_up((), names)
        return {name: self._products[name] or self._new_product(name) for name in names}

    @property
    def numbers(self) -> dict[str, int]:
        """Keys of the products, of which there are any."""
        return {name: product.id for name, product in self._products.items() if product}

    def asked(self, question: Select[E]) -> Sequence[E]:
        """Answer of the database, of what was written; the rest is remembered here."""
        with self.session.no_autoflush:
            return self.session.scalars(question).all()

    def _look_up_visits(self, names: Iterable[Rootname]) -> None:
        keys = {(name.program, name.visit_number) for name in names} - self._visits.keys()
        if keys:
            self._visits |= dict.fromkeys(keys)
            same = select(Visit).where(tuple_(Visit.program, Visit.number).in_(sorted(keys)))
            self._visits |= {(visit.program, visit.number): visit for visit in self.asked(same)}

    def _visit(self, name: Rootname) -> Visit:
        key = (name.program, name.visit_number)
        self._look_up_visits([name])
        visit = self._visits[key]
        if visit is None:
            visit = self._visits[key] = Visit(*key)
            self.session.add(visit)
        return visit

    def _new_exposure(self, rootname: str) -> Exposure:
        name = Rootname(rootname)
        exposure = self._exposures[rootname] = Exposure(self._visit(name), name)
        self.session.add(exposure)
        return exposure

    def _new_product(self, filename: str) -> Product:
        rootname, kind = product_named(filename)
        exposure = None if kind.is_combined else self.exposures([rootname.text])[rootname.text]
        visit = exposure.visit if exposure else self._visit(rootname)
        product = self._products[filename] = Product.logged(filename, kind, visit, exposure)
        self.session.add(product)
        return product
