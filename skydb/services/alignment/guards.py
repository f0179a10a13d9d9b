"""The guards of an alignment run: checks of the products that were chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import Exposure, Product, ProductMember, ProductVersion
from skydb.domain.choice import ChosenInput
from skydb.domain.guards import Flag, listed, stale_input
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind
from skydb.services.alignment.membership import (
    aligned_since,
    anew,
    member_products,
    members_of_fit,
    redelivered_members,
)
from skydb.services.intake import Subjects, remarks_on


def product_flags(
    session: Session, chosen: Sequence[ChosenInput], files: Mapping[int, FileFacts]
) -> list[Flag]:
    """Collect the flags of the products of a run.

    Parameters
    ----------
    session : Session
    chosen : sequence of ChosenInput
        Versions of drizzled products.
    files : mapping of int to FileFacts
        What the file of each version says, by its key.
    """
    found = [*stale_input(chosen), *_not_fitted(chosen)]
    for one in chosen:
        found += _redelivered(session, one.version, files[one.version.id])
        found += _never_moved(session, one.version, files[one.version.id])
        found += _aligned_since(session, one.version, files[one.version.id])
        found += _members_gone_wrong(session, one.version)
    subjects = {one.rootname: _subjects(session, one.version.product) for one in chosen}
    for name, texts in remarks_on(session, subjects).items():
        found += [Flag(FindingKind.FLAGGED_INPUT, name, text) for text in texts]
    return list(dict.fromkeys(found))


def _not_fitted(chosen: Sequence[ChosenInput]) -> Iterator[Flag]:
    """Exposures whose product is not fitted, since it shares others with one that is."""
    for one in chosen:
        for left in one.unfitted:
            message = (
                f"{left.product} is not fitted, because both have {listed(left.shared)} and an "
                f"exposure gets one fit: there is none for {listed(left.without)}. Fit "
                f"{left.product} by its name afterwards, or its exposures with "
                "`skydb align run --what exposures`."
            )
            yield Flag(FindingKind.NOT_FITTED, one.version.subject, message)


def _redelivered(session: Session, version: ProductVersion, file: FileFacts) -> Iterator[Flag]:
    newer = redelivered_members(session, version, file)
    if newer:
        name, why = next(iter(newer.items()))
        message = (
            f"{len(newer)} of its {len(version.product.members)} members have a newer archive "
            f"version ({listed(list(newer))}) than it was made of (of {name}: {why}); a fit of "
            f"it does not move them. {anew(version)}."
        )
        yield Flag(FindingKind.STALE_INPUT, version.subject, message)


def _never_moved(session: Session, version: ProductVersion, file: FileFacts) -> Iterator[Flag]:
    """Members that the product was not made of, though they are not newer."""
    left = members_never_moved(session, version, file)
    if left:
        name, why = next(iter(left.items()))
        message = (
            f"a fit of it does not move {len(left)} of its {len(version.product.members)} members "
            f"({listed(list(left))}); of {name}: {why}"
        )
        yield Flag(FindingKind.STALE_INPUT, version.subject, message)


def members_never_moved(
    session: Session, drizzled: ProductVersion, file: FileFacts
) -> dict[str, str]:
    """Find the members in the ledger when a fit would move none of them, and so be refused.

    A member that is left where others move is named by the acceptance, and `todo` fetches it.
    Newer ones are those of :func:`redelivered_members`.

    Parameters
    ----------
    session : Session
    drizzled : ProductVersion
        The version that is to be fitted.
    file : FileFacts
        What its file says.

    Returns
    -------
    dict of str to str
        The reason that an acceptance would give, by rootname.
    """
    known = member_products(session, drizzled)
    if not known:
        return {}
    found = members_of_fit(session, drizzled, file)
    if found.moved:
        return {}
    newer = redelivered_members(session, drizzled, file)
    return {name: why for name, why in found.left.items() if name in known and name not in newer}


def _aligned_since(session: Session, version: ProductVersion, file: FileFacts) -> Iterator[Flag]:
    """Members that hold a fit which the product was drizzled without."""
    moved = aligned_since(session, version, file)
    if moved:
        message = (
            f"{len(moved)} of its {len(version.product.members)} members were aligned after it was "
            f"made ({listed(sorted(moved.values()))}); a fit of it starts from the WCS before "
            f"that, and takes the place of theirs. Fit them, or what "
            f"`skydb drizzle --visit {version.product.visit.label}` makes of them now."
        )
        yield Flag(FindingKind.STALE_INPUT, version.subject, message)


def _members_gone_wrong(session: Session, version: ProductVersion) -> Iterator[Flag]:
    """Members whose newest header says that the exposure went wrong."""
    for rootname, products in member_products(session, version).items():
        condition = products[0].latest.condition
        if condition.complaints and not condition.has_no_signal:
            message = f"{'; '.join(condition.complaints)} (a member of {version.filename})."
            yield Flag(FindingKind.QUALITY, rootname, message)


def _subjects(session: Session, product: Product) -> Subjects:
    """A product, its visit and its members with their files."""
    names = select(ProductMember.rootname).where(ProductMember.product_id == product.id)
    exposures = set(session.scalars(select(Exposure.id).where(Exposure.rootname.in_(names))))
    files = set(session.scalars(select(Product.id).where(Product.exposure_id.in_(exposures))))
    visits = set(session.scalars(select(Exposure.visit_id).where(Exposure.id.in_(exposures))))
    return Subjects(
        frozenset(exposures),
        frozenset({product.id, *files}),
        frozenset({product.visit_id, *visits}),
    )
