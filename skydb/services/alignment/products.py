"""The drizzled products that an alignment run fits, and why these."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from skydb.domain import Exposure, Product, ProductMember, ProductVersion, Visit
from skydb.domain.choice import FLAVOURS, ChosenInput
from skydb.domain.references import ExposureReference, FileReference, VisitReference, parse
from skydb.domain.vocabulary import Flavour, ProductKind
from skydb.errors import NotFoundError, UsageError
from skydb.services.intake import Selection, conditions, nothing_selected
from skydb.store.references import products_of, several_products, version_of

_DRIZZLED = tuple(kind for kind in ProductKind if kind.is_drizzled)


def choose_products(
    session: Session, names: Sequence[str] = (), selection: Selection | None = None
) -> list[ChosenInput]:
    """Versions of the products that are named, or of those that the rule chooses.

    Of what is not named one by one - all products, those of a selection, of a visit or of a
    name with wildcards - the products of the flavour that covers the most exposures are
    fitted: of several such flavours the first of pipeline, svm, mvm, skydb, user.

    Parameters
    ----------
    session : Session
    names : sequence of str
        References to drizzled products: ``ibxl50030_drz.fits``, ``*_drz.fits``,
        ``ibxl50030_drz.fits@2``, ``product:12``, ``version:31`` or ``bxl50``.
    selection : Selection, optional
        Which products, by their members.

    Raises
    ------
    NotFoundError
        When a product is not in the ledger, or nothing is selected.
    UsageError
        When several products have a name that is given, or one that is named cannot be fitted.
    """
    wanted = selection or Selection()
    admitted = _Admitted(_selected(session, wanted), wanted.flavour)
    found = [one for name in names for one in _named(session, name, admitted)]
    if not names:
        found = _of_best_flavour(admitted.products(session), "")
    chosen = list({one.version.id: one for one in found}.values())
    if not chosen:
        raise nothing_selected(session, wanted, "drizzled products")
    _refuse_twins(chosen)
    passed_over = _others(session, chosen)
    return [replace(one, passed_over=passed_over[one.version.id]) for one in chosen]


def _selected(session: Session, selection: Selection) -> list[ColumnElement[bool]]:
    """What restricts a select of products to those whose members are selected."""
    names, exclude = ([name.lower() for name in some]
                      for some in (selection.rootnames, selection.exclude))  # fmt: skip
    several: list[ColumnElement[bool]] = []
    if names:
        several.append(Product.members.any(ProductMember.rootname.in_(names)))
    if exclude:
        several.append(~Product.members.any(ProductMember.rootname.in_(exclude)))
    rest = conditions(session, replace(selection, rootnames=(), exclude=()))
    if not rest:
        return several
    exposures = select(Exposure.id).join(Visit, Visit.id == Exposure.visit_id).where(*rest)
    member = aliased(Exposure)
    with_known = select(ProductMember.product_id).join(
        member, member.rootname == ProductMember.rootname
    )
    ways: list[ColumnElement[bool]] = [
        Product.id.in_(with_known.where(member.id.in_(exposures))),
        Product.exposure_id.in_(exposures),
    ]
    # Of a product whose members are not recorded its visit alone is known.
    of_visit = conditions(
        session, Selection(visits=selection.visits, proposal_id=selection.proposal_id)
    )
    if len(of_visit) == len(rest):
        visits = select(Visit.id).where(*of_visit)
        ways.append(and_(Product.id.not_in(with_known), Product.visit_id.in_(visits)))
    return [*several, or_(*ways)]


@dataclass(frozen=True)
class _Admitted:
    """The drizzled products of a selection."""

    conditions: Sequence[ColumnElement[bool]]
    flavour: Flavour | None

    def products(self, session: Session, *more: ColumnElement[bool]) -> list[Product]:
        """Those that have a file version, in order of their names."""
        query = (
            select(Product)
            .where(Product.kind.in_(_DRIZZLED), Product.versions.any(), *self.conditions, *more)
            .order_by(Product.filename, Product.id)
            .options(selectinload(Product.members), selectinload(Product.versions))
        )
        return [product for product in session.scalars(query) if self._has_flavour(product)]

    def _has_flavour(self, product: Product) -> bool:
        if self.flavour is Flavour.SKYDB and not product.latest.is_delivery:
            return True
        return self.flavour in (None, product.flavour)


def _named(session: Session, name: str, admitted: _Admitted) -> list[ChosenInput]:
    """Versions of one name; of a name for several products those of the best flavour."""
    reference = parse(name)
    if isinstance(reference, ExposureReference):
        first = next(iter(products_of(session, reference)), None)
        raise _single_exposure(session, name, reference.rootname, first)
    products = products_of(session, reference)
    allowed = admitted.products(session, Product.id.in_([product.id for product in products]))
    if isinstance(reference, VisitReference) or getattr(reference, "is_pattern", False):
        return _of_best_flavour(allowed, f"matches {reference}; ")
    recorded = [product for product in products if product.versions]
    if not recorded:
        raise NotFoundError(
            f"The ledger has no file of {name}.", advice="Bring it in with `ingest`."
        )
    if len(recorded) > 1:
        raise several_products(name, recorded)
    (product,) = recorded
    if product.kind not in _DRIZZLED:
        raise _single_exposure(session, name, product.subject, product)
    has_number = not isinstance(reference, FileReference) or reference.version is not None
    version = version_of(session, reference) if has_number else product.latest
    return [ChosenInput(version, f"named as {reference}")] if product in allowed else []


def _single_exposure(
    session: Session, name: str, rootname: str, product: Product | None
) -> UsageError:
    """The refusal of a file that is no drizzled product, with the one that it is a member of."""
    query = (
        select(Product.filename)
        .join(ProductMember, ProductMember.product_id == Product.id)
        .where(ProductMember.rootname == rootname, Product.kind.in_(_DRIZZLED))
        .order_by(Product.filename)
        .distinct()
    )
    of = list(session.scalars(query))
    kind = f" ({product.kind})" if product is not None else ""
    there = f"{' or '.join(of)}, which it is a member of" if of else "a DRZ or DRC"
    return UsageError(
        f"{name} is a single exposure{kind}; `align run` fits drizzled products.",
        advice=f"Name {there}.",
    )


def _of_best_flavour(products: Iterable[Product], why: str) -> list[ChosenInput]:
    """Products of one flavour: files of one exposure in two flavours have different WCS."""
    of_flavour: dict[Flavour, list[Product]] = defaultdict(list)
    for product in products:
        if product.versions and product.kind in _DRIZZLED:
            of_flavour[product.flavour].append(product)
    if not of_flavour:
        return []
    best = max(
        of_flavour,
        key=lambda flavour: (_coverage(of_flavour[flavour]), -FLAVOURS.index(flavour)),
    )
    how = "is the one flavour" if len(of_flavour) == 1 else "covers the most exposures"
    return [
        ChosenInput(product.latest, f"{why}{best} {how}; newest delivery")
        for product in of_flavour[best]
    ]


def _coverage(products: Collection[Product]) -> int:
    """Number of exposures that some products are made of."""
    return len({member.rootname for product in products for member in product.members})


def _refuse_twins(chosen: Sequence[ChosenInput]) -> None:
    """Tools know products by their names: two of one name are fitted one after the other."""
    counts = Counter(one.version.filename for one in chosen)
    twice = [one.version for one in chosen if counts[one.version.filename] > 1]
    if twice:
        error = several_products(twice[0].filename, [version.product for version in twice])
        raise UsageError(error.what, advice="Fit them one at a time.")


def _others(session: Session, chosen: Sequence[ChosenInput]) -> dict[int, tuple[str, ...]]:
    """What else there was, by version: other versions, and products of the same members."""
    mine, theirs = aliased(ProductMember), aliased(ProductMember)
    ids = {one.version.product_id for one in chosen}
    sharing = (
        select(mine.product_id, Product)
        .join(theirs, theirs.rootname == mine.rootname)
        .join(Product, Product.id == theirs.product_id)
        .where(mine.product_id.in_(ids), Product.id.not_in(ids), Product.kind.in_(_DRIZZLED))
        .order_by(Product.id)
    )
    beside: dict[int, dict[int, Product]] = defaultdict(dict)
    for product_id, other in session.execute(sharing):
        beside[product_id][other.id] = other
    return {
        one.version.id: tuple(_told(one.version, beside[one.version.product_id].values()))
        for one in chosen
    }


def _told(version: ProductVersion, others: Iterable[Product]) -> Iterator[str]:
    for other in version.product.versions:
        if other not in (version, version.origin):
            yield f"{other.product.flavour} {other.product.kind} {other.reference}"
    for product in others:
        if product.versions:
            yield f"{product.flavour} {product.kind} {product.latest.reference}"
