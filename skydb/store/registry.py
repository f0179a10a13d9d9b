"""Find or create: the one place that turns facts of files into rows that may be there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, selectinload

from skydb.domain import AlignmentSolution, Base, Exposure, Product, ProductVersion, Visit
from skydb.domain.values import ExposureFacts, FileFacts
from skydb.domain.vocabulary import KnownFrom


def overflow_of(file: FileFacts) -> str | None:
    """Why the columns cannot hold what a file says; None when they can.

    SQLite would keep any text, PostgreSQL would refuse the whole batch.
    """
    holders: list[tuple[type[Base], object]] = [(Exposure, file.facts), (ProductVersion, file)]
    holders += [(AlignmentSolution, wcs) for wcs in file.solutions]
    for entity, facts in holders:
        for column in entity.__table__.columns:
            text, room = getattr(facts, column.name, None), getattr(column.type, "length", None)
            if isinstance(text, str) and room and len(text) > room:
                return f"its {column.name} has {len(text)} characters, there is room for {room}"
    return None


class Registry:
    """Visits, exposures and products of one batch, read in three statements.

    Parameters
    ----------
    session : Session
        Transaction that the new rows are added to.
    batch : sequence of FileFacts
        Files about to be recorded.
    """

    def __init__(self, session: Session, batch: Sequence[FileFacts]) -> None:
        self._session = session
        self._visits = self._known_visits(batch)
        self._exposures = self._known_exposures(batch)
        self._products = self._known_products(batch)

    def product(self, file: FileFacts) -> Product:
        """The product of this file, with its exposure and visit."""
        known = self._products.get(file.path.name)
        if known is None:
            exposure = None if file.kind.is_combined else self._exposure(file.facts)
            visit = exposure.visit if exposure else self._visit(file.facts)
            known = Product(file.path.name, file.kind, visit, exposure)
            self._session.add(known)
            self._products[file.path.name] = known
        return known

    def _exposure(self, facts: ExposureFacts) -> Exposure:
        rootname = str(facts.rootname)
        if rootname not in self._exposures:
            self._exposures[rootname] = Exposure(self._visit(facts), facts)
            self._session.add(self._exposures[rootname])
        elif self._exposures[rootname].known_from is KnownFrom.LOG:
            self._exposures[rootname].learn(facts)
        return self._exposures[rootname]

    def _visit(self, facts: ExposureFacts) -> Visit:
        key = (facts.rootname.program, facts.rootname.visit_number)
        if key not in self._visits:
            self._visits[key] = Visit.of(facts)
            self._session.add(self._visits[key])
        # Of a visit that a log had named first, no proposal is known.
        self._visits[key].learn(facts)
        return self._visits[key]

    def _known_visits(self, batch: Sequence[FileFacts]) -> dict[tuple[str, str], Visit]:
        keys = {(f.facts.rootname.program, f.facts.rootname.visit_number) for f in batch}
        found = select(Visit).where(tuple_(Visit.program, Visit.number).in_(keys))
        return {(visit.program, visit.number): visit for visit in self._session.scalars(found)}

    def _known_exposures(self, batch: Sequence[FileFacts]) -> dict[str, Exposure]:
        rootnames = {str(file.facts.rootname) for file in batch}
        found = select(Exposure).where(Exposure.rootname.in_(rootnames))
        return {exposure.rootname: exposure for exposure in self._session.scalars(found)}

    def _known_products(self, batch: Sequence[FileFacts]) -> dict[str, Product]:
        found = (
            select(Product)
            .where(Product.filename.in_({file.path.name for file in batch}))
            .options(
                selectinload(Product.members),
                selectinload(Product.versions).selectinload(ProductVersion.solutions),
                selectinload(Product.versions).selectinload(ProductVersion.applied_solutions),
            )
        )
        return {product.filename: product for product in self._session.scalars(found)}
