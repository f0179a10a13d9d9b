"""The drizzled products that an alignment run fits."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Product, ProductVersion
from skydb.domain.choice import FLAVOURS
from skydb.domain.vocabulary import Flavour, ProductKind
from skydb.errors import NotFoundError, UsageError

_BY_ID = re.compile(r"product:(\d+)")


def drizzled_versions(session: Session, names: Sequence[str]) -> list[ProductVersion]:
    """Newest versions of the products that are named, or of those that the rule chooses.

    Without names, the products of the flavour that covers the most exposures are fitted: of
    several such flavours the first of pipeline, svm, mvm, user.

    Parameters
    ----------
    session : Session
    names : sequence of str
        File names of drizzled products, or ``product:12``; empty for all.

    Raises
    ------
    NotFoundError
        When a product is not in the ledger.
    UsageError
        When several products have a name that is given, or one that is named cannot be fitted.
    """
    chosen = [_named(session, name) for name in dict.fromkeys(names)] or _of_best_flavour(
        _drizzled(session)
    )
    if not chosen:
        raise NotFoundError(
            "The ledger has no drizzled products.", advice="Bring them in with `ingest`."
        )
    _refuse_twins(chosen)
    return [product.latest for product in chosen]


def _drizzled(session: Session) -> list[Product]:
    kinds = [kind for kind in ProductKind if kind.is_drizzled]
    query = (
        select(Product)
        .where(Product.kind.in_(kinds), Product.versions.any())
        .order_by(Product.filename, Product.id)
    )
    return list(session.scalars(query))


def _named(session: Session, name: str) -> Product:
    by_id = _BY_ID.fullmatch(name)
    condition = Product.id == int(by_id[1]) if by_id else Product.filename == name
    found = [product for product in session.scalars(select(Product).where(condition))]
    found = [product for product in found if product.versions]
    if not found:
        raise NotFoundError(f"The ledger has no {name}.", advice="Bring it in with `ingest`.")
    if len(found) > 1:
        listed = ", ".join(f"product:{product.id}" for product in found)
        raise UsageError(f"Several products are called {name}: {listed}.", advice="Name one.")
    (product,) = found
    if not product.kind.is_drizzled:
        raise UsageError(
            f"{name} is a single exposure ({product.kind}); drizzled products are fitted.",
            advice="Name the DRZ or DRC that it is a member of.",
        )
    return product


def _of_best_flavour(products: Iterable[Product]) -> list[Product]:
    """Products of one flavour: files of one exposure in two flavours have different WCS."""
    of_flavour: dict[Flavour, list[Product]] = defaultdict(list)
    for product in products:
        of_flavour[product.flavour].append(product)
    best = max(
        of_flavour,
        key=lambda flavour: (_coverage(of_flavour[flavour]), -FLAVOURS.index(flavour)),
        default=None,
    )
    return [] if best is None else of_flavour[best]


def _coverage(products: Collection[Product]) -> int:
    """Number of exposures that some products are made of."""
    return len({member.rootname for product in products for member in product.members})


def _refuse_twins(products: Sequence[Product]) -> None:
    """Tools know products by their names: two of one name are fitted one after the other."""
    counts = Counter(product.filename for product in products)
    twice = [product for product in products if counts[product.filename] > 1]
    if twice:
        listed = ", ".join(f"product:{product.id}" for product in twice)
        raise UsageError(
            f"Several products are called {twice[0].filename}: {listed}.",
            advice="Fit them one at a time.",
        )
