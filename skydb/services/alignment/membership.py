"""Members of a drizzled product that a fit of it belongs to, and others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skydb.domain import (
    Acceptance,
    Exposure,
    Generation,
    Product,
    ProductMember,
    ProductVersion,
    Usage,
    VisitDrizzle,
)
from skydb.domain.combinations import MADE_OF
from skydb.domain.delivery import DeliveryKey
from skydb.domain.membership import DrizzledFrom
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import Flavour, LinkRole, ProductKind, SolutionOrigin
from skydb.errors import NotFoundError
from skydb.services.alignment.since import aligned_later

_SINGLE = (ProductKind.FLT, ProductKind.C0M, ProductKind.CAL, ProductKind.SX2)

#: Kinds of the members of a product, by whether it is corrected for CTE, the likeliest first.
_KINDS = {False: (*_SINGLE, ProductKind.FLC), True: (ProductKind.FLC, *_SINGLE)}


@dataclass(frozen=True)
class Members:
    """The members of one drizzled product, for a fit of it.

    Parameters
    ----------
    moved : list of ProductVersion
        The versions that the product was made of, which the fit moves.
    left : dict of str to str
        Members that it does not move, by rootname, each with the reason.
    """

    moved: list[ProductVersion] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def members_of_fit(session: Session, drizzled: ProductVersion, file: FileFacts) -> Members:
    """The members of a drizzled product that a fit of it belongs to.

    A fit belongs to the members in the product's own flavour, in the versions whose WCS
    the product was drizzled with. A member with a newer archive version is not moved, because
    the fit does not apply to its WCS. A product that an acceptance made
    belongs with the versions that the same acceptance made, one that holds a restored
    solution with those of the version that had it.

    Parameters
    ----------
    session : Session
    drizzled : ProductVersion
        The version that was fitted.
    file : FileFacts
        What its file says.

    Raises
    ------
    NotFoundError
        When no member is in the ledger, or the product names none.
    """
    known = member_products(session, drizzled)
    if not known:
        raise _without_members(drizzled)
    made = _made_with(session, drizzled)
    found = Members()
    for member in drizzled.product.members:
        candidates = known.get(member.rootname, [])
        base, why = (
            _base(candidates, drizzled, DrizzledFrom(file))
            if made is None
            else _base_on_record(candidates, drizzled, made)
        )
        if base is None:
            found.left[member.rootname] = why
        else:
            found.moved.append(base)
    return found


def _without_members(drizzled: ProductVersion) -> NotFoundError:
    named = ", ".join(member.rootname for member in drizzled.product.members)
    if not named:
        return NotFoundError(
            f"{drizzled.filename} does not name its members, so its fit moves nothing: "
            "it has neither HDRTAB nor D001DATA.",
            advice="Fit a product that has one of them.",
        )
    return NotFoundError(
        f"{drizzled.filename} was made of {named} not in the ledger as "
        f"{drizzled.product.flavour} files.",
        advice="Ingest the exposures first.",
    )


def redelivered_members(
    session: Session, drizzled: ProductVersion, file: FileFacts
) -> dict[str, str]:
    """Find members with a newer archive version than a product was made of.

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
        Difference of the newest archive version from the product's, by rootname.
    """
    made = _made_with(session, drizzled)
    found = {}
    for rootname, candidates in member_products(session, drizzled).items():
        if made is None:
            why = [_newer(product, drizzled, DrizzledFrom(file)) for product in candidates]
        else:
            why = _newer_than_recorded(candidates, drizzled, made)
        if why and None not in why:
            found[rootname] = str(why[0])
    return found


def aligned_since(session: Session, drizzled: ProductVersion, file: FileFacts) -> dict[str, str]:
    """Find members that were aligned after the versions that a product was made of.

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
        The aligned version of each, by rootname.
    """
    if not member_products(session, drizzled):
        return {}
    found = {}
    for base in members_of_fit(session, drizzled, file).moved:
        later = aligned_later(base)
        if later is not None:
            found[base.subject] = later.reference
    return found


def is_behind(
    session: Session, drizzled: ProductVersion, files: Mapping[str, Sequence[Product]]
) -> bool:
    """Whether a product is not made of the present files of its members.

    Parameters
    ----------
    session : Session
    drizzled : ProductVersion
    files : mapping of str to sequence of Product
        Products of single exposures, by rootname.
    """
    made = _made_with(session, drizzled)
    kinds = MADE_OF[drizzled.product.flavour]
    members = (member.rootname for member in drizzled.product.members)
    own = [[one for one in files.get(name, ()) if one.flavour in kinds] for name in members]
    if made is not None:
        return any(base.product.latest is not base for base in made.values()) or any(
            several and None not in _newer_than_recorded(several, drizzled, made) for several in own
        )
    return any(
        several and all(_stands_after(drizzled, one.latest) for one in several) for several in own
    )


def _stands_after(drizzled: ProductVersion, member: ProductVersion) -> bool:
    """Whether a file of a member cannot be what a product from outside was made of."""
    return member.accepted_solution is not None or _calibrated_before(drizzled, member)


def _newer(product: Product, drizzled: ProductVersion, kept: DrizzledFrom) -> str | None:
    """Explain why the newest archive version of a member came after the product's, or None."""
    newest = product.deliveries[-1]
    # As in the archive, or as skydb has aligned it since.
    standing = [one for one in product.versions if one.delivery == newest.delivery]
    objections = [kept.objection(one) for one in standing]
    if None in objections:
        return None
    was_made_of_older = any(kept.objection(one) is None for one in product.deliveries[:-1])
    if was_made_of_older or _calibrated_before(drizzled, newest):
        return next(why for one, why in zip(standing, objections, strict=True) if one is newest)
    return None


def _calibrated_before(drizzled: ProductVersion, member: ProductVersion) -> bool:
    """Whether a product is of an older calibration than a file of one of its members."""
    ours, theirs = (DeliveryKey.of(one.origin) for one in (drizzled, member))
    return bool(ours.cal_ver and ours.date) and ours.compare(theirs) < 0


def is_of_older_calibration(member: ProductVersion, drizzled: ProductVersion) -> bool:
    """Whether a file of a member is older than a product by its software or its IDCTAB.

    In one archive version the DATE of the product is the later one.
    """
    own, theirs = (DeliveryKey.of(one.origin) for one in (member, drizzled))
    pairs: tuple[tuple[Any, Any], ...] = (
        (own.cal_ver, theirs.cal_ver),
        (own.opus_ver, theirs.opus_ver),
        (own.idctab_date, theirs.idctab_date),
    )
    return own < theirs and any(one and two and one < two for one, two in pairs)


def _newer_than_recorded(
    candidates: Sequence[Product], drizzled: ProductVersion, made: Mapping[int, ProductVersion]
) -> list[str | None]:
    """Explain why the files of a member are newer than a product whose inputs are recorded.

    A member that an acceptance left alone is not among these inputs.
    """
    bases = [made[product.id] for product in candidates if product.id in made]
    if bases:
        return [None if one.is_newest_delivery else _later(one) for one in bases]
    newest = [product.deliveries[-1] for product in candidates]
    return [_later(one) if _calibrated_before(drizzled, one) else None for one in newest]


def _later(base: ProductVersion) -> str:
    newest = base.product.deliveries[-1]
    return f"{newest.reference} was delivered after the product was made"


def _base(
    candidates: Sequence[Product], drizzled: ProductVersion, kept: DrizzledFrom
) -> tuple[ProductVersion | None, str]:
    """The version of a member that the product was made of, or the reason why none is moved."""
    why = f"The ledger has no {drizzled.product.flavour} file of it."
    for product in candidates:
        newest = product.deliveries[-1]
        # As in the archive, or else as skydb has aligned it since.
        for version in (one for one in product.versions if one.delivery == newest.delivery):
            objection = kept.objection(version)
            if objection is None:
                return version, ""
            if version is newest and product is candidates[0]:
                explain = _late if is_of_older_calibration(newest, drizzled) else _redelivered
                why = explain(newest, drizzled, objection)
    return None, why


def _base_on_record(
    candidates: Sequence[Product], drizzled: ProductVersion, made: Mapping[int, ProductVersion]
) -> tuple[ProductVersion | None, str]:
    """Find the version like :func:`_base`, for a product whose inputs are recorded."""
    for product in candidates:
        base = made.get(product.id)
        if base is not None and base.is_newest_delivery:
            return base, ""
        if base is not None:
            why = "it was delivered after the product was made"
            return None, _redelivered(product.deliveries[-1], drizzled, why)
    return None, f"It was not used when {drizzled.reference} was made."


def _redelivered(newest: ProductVersion, drizzled: ProductVersion, why: str) -> str:
    return (
        f"{drizzled.filename} was not made of {newest.reference}: {why}. "
        f"{anew(drizzled)}, and fit that."
    )


def _late(newest: ProductVersion, drizzled: ProductVersion, why: str) -> str:
    """Say like :func:`_redelivered` what to do when the product is the newer one."""
    if drizzled.product.flavour is Flavour.SKYDB:
        return _redelivered(newest, drizzled, why)
    return (
        f"{drizzled.filename} was not made of {newest.reference}: {why}. The exposures are of an "
        "older archive version than the product: fetch them again too (`skydb fetch --refresh`), "
        f"or make a product of them with `skydb drizzle --visit {drizzled.product.visit.label}`, "
        "and fit that."
    )


def anew(drizzled: ProductVersion) -> str:
    """Name the command for a product of the newest files, without a full stop."""
    visit = drizzled.product.visit.label
    if drizzled.product.flavour is Flavour.SKYDB:
        return f"Make the product again with `skydb drizzle --visit {visit}`"
    return f"Fetch the product again, or make one with `skydb drizzle --visit {visit}`"


def member_products(session: Session, drizzled: ProductVersion) -> dict[str, list[Product]]:
    """Products of each member that a combination can have been made of, the likeliest first."""
    query = (
        select(Product)
        .join(Exposure, Exposure.id == Product.exposure_id)
        .join(ProductMember, ProductMember.rootname == Exposure.rootname)
        .where(
            ProductMember.product_id == drizzled.product_id,
            Product.kind.in_(_KINDS[drizzled.product.kind is ProductKind.DRC]),
            Product.flavour.in_(MADE_OF[drizzled.product.flavour]),
            Product.versions.any(),
        )
    )
    found: dict[str, list[Product]] = defaultdict(list)
    for product in session.scalars(query):
        found[product.subject].append(product)
    order = MADE_OF[drizzled.product.flavour]
    return {
        name: _of_best_kind(drizzled, sorted(several, key=lambda one: order.index(one.flavour)))
        for name, several in found.items()
    }


def _of_best_kind(drizzled: ProductVersion, found: Sequence[Product]) -> list[Product]:
    """Choose FLT or FLC of an exposure by the kind of the product: DRCs are made of FLCs.

    Were both moved by a DRZ and a DRC of one visit, each exposure would be moved by two fits.
    """
    kinds = _KINDS[drizzled.product.kind is ProductKind.DRC]
    best = min(kinds.index(product.kind) for product in found)
    return [product for product in found if kinds.index(product.kind) == best]


def _made_with(session: Session, drizzled: ProductVersion) -> dict[int, ProductVersion] | None:
    """Versions that belong with a product by what skydb itself did, by product.

    Those that the acceptance which made it made too, or those that skydb drizzled it of.
    None for a product that came from outside.
    """
    content = _content_restored(drizzled)
    maker = _acceptance_that_made(session, content)
    if maker is None:
        return drizzled_of(session, content)
    query = (
        select(ProductVersion)
        .join(Generation, Generation.version_id == ProductVersion.id)
        .where(Generation.activity_id == maker)
    )
    return {version.product_id: version for version in session.scalars(query)}


def drizzled_of(session: Session, drizzled: ProductVersion) -> dict[int, ProductVersion] | None:
    """Versions that skydb has drizzled a product of, by product; None when it has not made it."""
    maker = (
        select(func.max(VisitDrizzle.id))
        .join(Generation, Generation.activity_id == VisitDrizzle.id)
        .where(Generation.version_id == drizzled.id)
        .scalar_subquery()
    )
    query = (
        select(ProductVersion)
        .join(Usage, Usage.version_id == ProductVersion.id)
        .where(Usage.activity_id == maker, Usage.role == LinkRole.SCIENCE)
    )
    return {version.product_id: version for version in session.scalars(query)} or None


def _content_restored(version: ProductVersion) -> ProductVersion:
    """The version whose solution was restored in this one, or else the version itself."""
    current = version.current_solution
    if current is None or current.origin is not SolutionOrigin.RESTORED or current.source is None:
        return version
    return _content_restored(current.source.applied_version or current.source.version)


def _acceptance_that_made(session: Session, version: ProductVersion) -> int | None:
    made = (
        select(Acceptance.id)
        .join(Generation, Generation.activity_id == Acceptance.id)
        .where(Generation.version_id == version.id)
    )
    return session.scalar(made)
