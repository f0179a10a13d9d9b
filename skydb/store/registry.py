"""Conversion of facts of files into rows: find or create."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, delete, or_, select, tuple_
from sqlalchemy.orm import Session, selectinload

from skydb.domain import (
    AlignmentSolution,
    Base,
    ChipLevel,
    ChipSolution,
    Exposure,
    FileLocation,
    Product,
    ProductVersion,
    SkyOverlap,
    Visit,
)
from skydb.domain.identity import logged_identity, product_identity
from skydb.domain.values import ExposureFacts, FileFacts
from skydb.domain.vocabulary import KnownFrom
from skydb.store.limits import refusal, refused_attribute

_ROOM_OF_IDENTITY = 255


def overflow_of(file: FileFacts) -> str | None:
    """Explain why the columns cannot hold the facts of a file; None when they can.

    SQLite would keep any text, PostgreSQL would refuse the whole batch.
    """
    if len(product_identity(file)) > _ROOM_OF_IDENTITY:
        return f"its name of a WCS is longer than the ledger has room for ({_ROOM_OF_IDENTITY})"
    held = (*file.solutions, *file.headerlets)
    for wcs in held:
        reason = refusal(AlignmentSolution.__table__.c.wcs_name, wcs.name.text)
        if reason is not None:
            return f"its WCSNAME {reason}"
    holders: list[tuple[type[Base], object]] = [(Exposure, file.facts), (ProductVersion, file)]
    holders.append((ProductVersion, file.condition))
    holders += [(AlignmentSolution, wcs) for wcs in held]
    holders += [(AlignmentSolution, wcs.quality) for wcs in held]
    holders += [(ChipSolution, chip) for wcs in held for chip in wcs.chips]
    for entity, facts in holders:
        table = entity.__table__
        assert isinstance(table, Table)
        refused = refused_attribute(table, facts)
        if refused is not None:
            return "its {} {}".format(*refused)
    return None


class Registry:
    """Visits, exposures, products and places of one batch, read in five statements.

    Parameters
    ----------
    session : Session
        Transaction that the new rows are added to.
    batch : sequence of FileFacts
        Files about to be recorded.
    paths : sequence of str
        Where they lie, as places are recorded.
    """

    def __init__(self, session: Session, batch: Sequence[FileFacts], paths: Sequence[str]) -> None:
        self._session = session
        self._visits = self._known_visits(batch)
        self._exposures = self._known_exposures(batch)
        self._products = self._known_products(batch)
        self._contents = self._known_contents(batch)
        self._places = self._known_places(paths)

    def content(self, file: FileFacts) -> ProductVersion | None:
        """Find the version with the same checksum at any path; None when it is new."""
        return self._contents.get(file.sha256)

    def contradiction(self, file: FileFacts) -> str | None:
        """Explain why a file is not of the exposure that it names; None when it is or is new."""
        exposure = self.exposure(file)
        return None if exposure is None else exposure.contradicted_by(file.facts)

    def doubt(self, file: FileFacts) -> str | None:
        """Explain why a file is hardly of the exposure that it names; None when it is or is new."""
        exposure = self.exposure(file)
        return None if exposure is None else exposure.doubt_about(file.facts)

    def exposure(self, file: FileFacts) -> Exposure | None:
        """Exposure on record that a file is of; a product may have the ROOTNAME of any member."""
        if file.kind.is_combined:
            return None
        return self._exposures.get(str(file.facts.rootname))

    def is_new(self, batch: Sequence[FileFacts], paths: Sequence[str]) -> bool:
        """Whether each file of the batch is the first of a product, at a path of its own.

        Nothing on record is then changed, but for targets of visits, and no two files of the
        batch have to be compared.
        """
        identities = {product_identity(file) for file in batch}
        return (
            not (self._products or self._contents or self._places)
            and len(identities) == len({file.sha256 for file in batch}) == len(batch)
            and len(set(paths)) == len(paths)
            and all(self._is_sound(file) for file in batch)
            and _are_of_one_exposure(batch)
        )

    def _is_sound(self, file: FileFacts) -> bool:
        """Whether a file agrees with its exposure, if that is on record with its facts."""
        exposure = self.exposure(file)
        if exposure is None:
            return True
        return exposure.known_from is not KnownFrom.LOG and not (
            exposure.unknown_of(file.facts) or self.contradiction(file) or self.doubt(file)
        )

    def product(self, file: FileFacts) -> Product:
        """The product that this file is a version of, with its exposure and visit."""
        identity = product_identity(file)
        known = self._products.get(identity) or self._recognised(file)
        if known is None:
            exposure = None if file.kind.is_combined else self._exposure(file.facts)
            visit = exposure.visit if exposure else self.visit(file.facts)
            known = Product.of(file, visit, exposure)
            self._session.add(known)
        elif known.exposure is not None and known.exposure.unknown_of(file.facts):
            known.exposure.learn(file.facts)
        self._products[identity] = known
        return known

    def see(self, version: ProductVersion, path: str, *, is_managed: bool) -> None:
        """Record the path of a version, and that another version has left it."""
        self._contents[version.sha256] = version
        place = self._places.get(path)
        if place is None:
            self._places[path] = version.see_at(path, is_managed=is_managed)
        elif place.version is not version:
            place.move_to(version, is_managed=is_managed)

    def forget_measures(self, version: ProductVersion) -> None:
        """Drop levels and overlaps that were measured with other flags."""
        of_either = or_(
            SkyOverlap.version_a_id == version.id, SkyOverlap.version_b_id == version.id
        )
        self._session.execute(delete(ChipLevel).where(ChipLevel.version_id == version.id))
        self._session.execute(delete(SkyOverlap).where(of_either))

    def _recognised(self, file: FileFacts) -> Product | None:
        """Find the product that was known from a log before its first file."""
        known = self._products.pop(logged_identity(file.path.name), None)
        if known is not None:
            known.recognise(file)
            if known.exposure is not None:
                self._exposure(file.facts)
        return known

    def _exposure(self, facts: ExposureFacts) -> Exposure:
        rootname = str(facts.rootname)
        if rootname not in self._exposures:
            self._exposures[rootname] = Exposure(self.visit(facts), facts)
            self._session.add(self._exposures[rootname])
        elif self._exposures[rootname].unknown_of(facts):
            self._exposures[rootname].learn(facts)
        return self._exposures[rootname]

    def visit(self, facts: ExposureFacts) -> Visit:
        """The visit of an exposure, which learns what its header says."""
        key = (facts.rootname.program, facts.rootname.visit_number)
        if key not in self._visits:
            self._visits[key] = Visit.of(facts)
            self._session.add(self._visits[key])
        # A visit that is known from a log only has no proposal.
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
        wanted = {product_identity(file) for file in batch}
        wanted |= {logged_identity(file.path.name) for file in batch}
        found = (
            select(Product)
            .where(Product.identity.in_(wanted))
            .options(
                selectinload(Product.members),
                selectinload(Product.versions).selectinload(ProductVersion.solutions),
                selectinload(Product.versions).selectinload(ProductVersion.applied_solutions),
            )
        )
        return {product.identity: product for product in self._session.scalars(found)}

    def _known_contents(self, batch: Sequence[FileFacts]) -> dict[str, ProductVersion]:
        found = (
            select(ProductVersion)
            .where(ProductVersion.sha256.in_({file.sha256 for file in batch}))
            .order_by(ProductVersion.id.desc())
        )
        return {version.sha256: version for version in self._session.scalars(found)}

    def _known_places(self, paths: Sequence[str]) -> dict[str, FileLocation]:
        found = select(FileLocation).where(FileLocation.path.in_(set(paths)))
        return {place.path: place for place in self._session.scalars(found)}


def _are_of_one_exposure(batch: Sequence[FileFacts]) -> bool:
    """Whether files that name one exposure say the same of it."""
    said: dict[str, tuple[object, ...]] = {}
    for file in batch:
        facts = file.facts
        given = tuple(Exposure.given_by(facts))
        known = (facts.instrument, facts.detector, facts.expstart_mjd, given)
        if not file.kind.is_combined and said.setdefault(str(facts.rootname), known) != known:
            return False
    return True
