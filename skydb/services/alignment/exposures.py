"""Choice of the single exposures that an alignment run fits, and their flags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from skydb.domain import Product, ProductVersion
from skydb.domain.choice import (
    EXPOSURE_KINDS,
    ChosenInput,
    Wish,
    by_exposure,
    choose,
    why_version,
)
from skydb.domain.guards import Flag, quality, stale_input, tied_delivery
from skydb.domain.references import (
    ExposureReference,
    FileReference,
    NumberedReference,
    Reference,
    ReferenceKind,
    VisitReference,
    parse,
)
from skydb.domain.vocabulary import FindingKind
from skydb.errors import UsageError
from skydb.services.alignment.products import latest_of, refuse_twins
from skydb.services.intake import Selection, book_remarks
from skydb.store.references import products_of, recorded_product, version_of
from skydb.store.scope import nothing_selected, require_excluded


def choose_exposures(
    session: Session, names: Sequence[str] = (), selection: Selection | None = None
) -> list[ChosenInput]:
    """Versions of the exposures that are named, or of those that the rule chooses.

    What is not named by its file or number follows the rule of :mod:`skydb.domain.choice`: of
    each exposure the newest delivery, FLC before FLT, as skydb has aligned it where it has. Of an
    exposure whose FLT and FLC are both named, the FLC is taken, and the reason says so.

    Parameters
    ----------
    session : Session
    names : sequence of str
        References to exposures: ``ibxl50clq``, ``ibxl50clq@2``, ``ibxl50clq_flc.fits``,
        ``*_flt.fits``, ``product:12``, ``version:31`` or a visit.
    selection : Selection, optional
        Which exposures.

    Raises
    ------
    NotFoundError
        When an exposure is not in the ledger, or nothing is selected.
    UsageError
        When a drizzled product is named, or several products have a name that is given.
    InputsRefusedError
        When no flavour covers all exposures.
    """
    wanted = selection or Selection()
    admitted = _Admitted(
        wanted.product_conditions(session),
        Wish(flavour=wanted.flavour, as_of=wanted.as_of, versions=wanted.versions),
    )
    if names:
        found = [one for name in names for one in _named(session, name, admitted)]
    else:
        found = _by_rule(admitted.products(session), admitted.wish)
    chosen = _one_kind_of_each({one.version.id: one for one in found}.values())
    missing = wanted.missing({one.rootname for one in chosen}) if not names else []
    if missing or not chosen:
        raise nothing_selected(session, wanted, missing=sorted(set(missing)))
    require_excluded(session, wanted)
    refuse_twins(chosen)
    return chosen


def exposure_flags(session: Session, chosen: Sequence[ChosenInput]) -> list[Flag]:
    """Collect the flags of the exposures of a run.

    Each exposure is fitted by itself, so that the guards of what exposures of one field have
    in common - alignment, frames, kinds, units - do not apply.
    """
    checks = (stale_input, tied_delivery, quality)
    found = [flag for check in checks for flag in check(chosen)]
    for one in chosen:
        if not one.version.has_signal:
            message = "it has no exposure time or no good pixel, so that there is no star to fit."
            found.append(Flag(FindingKind.NO_SIGNAL, one.rootname, message))
    for rootname, texts in book_remarks(session, chosen).items():
        found += [Flag(FindingKind.FLAGGED_INPUT, rootname, text) for text in texts]
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class _Admitted:
    """The files of single exposures of a selection."""

    conditions: Sequence[ColumnElement[bool]]
    wish: Wish

    def products(self, session: Session, *more: ColumnElement[bool]) -> list[Product]:
        """Select those that have a file version."""
        with_all = selectinload(Product.versions).options(
            selectinload(ProductVersion.solutions), selectinload(ProductVersion.applied_solutions)
        )
        query = (
            select(Product)
            .where(
                Product.kind.in_(EXPOSURE_KINDS),
                Product.exposure_id.is_not(None),
                Product.versions.any(),
                *self.conditions,
                *more,
            )
            .order_by(Product.filename, Product.id)
            .options(with_all)
        )
        return list(session.scalars(query))


def _one_kind_of_each(found: Iterable[ChosenInput]) -> list[ChosenInput]:
    """Keep the files of the best kind of each exposure, so that none is fitted twice."""
    shelves: dict[str, list[ChosenInput]] = {}
    for one in sorted(found, key=_in_order):
        shelves.setdefault(one.rootname, []).append(one)
    kept = []
    for several in shelves.values():
        best = min(several, key=lambda one: EXPOSURE_KINDS.index(one.version.product.kind))
        kind = best.version.product.kind
        others = [one.version.filename for one in several if one.version.product.kind is not kind]
        if not others:
            kept += several
            continue
        why = f"; taken before {', '.join(others)}, also named"
        kept += [
            replace(one, reason=one.reason + why, passed_over=(*one.passed_over, *others))
            for one in several
            if one.version.product.kind is kind
        ]
    return kept


def _in_order(one: ChosenInput) -> tuple[str, int]:
    return one.rootname, one.version.id


def _by_rule(products: Sequence[Product], wish: Wish, why: str = "") -> list[ChosenInput]:
    if not by_exposure(products):
        return []
    return [
        ChosenInput(one.version, f"{why}{one.reason}", one.passed_over)
        for one in choose(products, wish)
    ]


def _named(session: Session, name: str, admitted: _Admitted) -> list[ChosenInput]:
    """Versions of one name; of an exposure, a visit or a pattern those of the rule."""
    reference = parse(name)
    products = products_of(session, reference)
    allowed = admitted.products(session, Product.id.in_([product.id for product in products]))
    if _is_for_several(reference):
        single = [product for product in products if product.kind in EXPOSURE_KINDS]
        if isinstance(reference, FileReference) and not single:
            raise _drizzled(name, products[0])
        return _by_rule(allowed, admitted.wish, f"matches {reference}; ")
    if isinstance(reference, ExposureReference):
        versions = [version_of(session, reference)]
        return _as_named(versions, allowed, reference)
    product = recorded_product(name, products)
    if product.kind not in EXPOSURE_KINDS:
        raise _drizzled(name, product)
    if _has_number(reference):
        return _as_named([version_of(session, reference)], allowed, reference)
    return _as_named([latest_of(product, admitted.wish)], allowed, reference)


def _is_for_several(reference: Reference) -> bool:
    """Whether the rule has to choose among files."""
    if isinstance(reference, ExposureReference):
        return reference.version is None
    return isinstance(reference, VisitReference) or bool(getattr(reference, "is_pattern", False))


def _has_number(reference: Reference) -> bool:
    if isinstance(reference, NumberedReference):
        return reference.kind is ReferenceKind.VERSION
    return getattr(reference, "version", None) is not None


def _as_named(
    versions: Sequence[ProductVersion], allowed: Sequence[Product], reference: Reference
) -> list[ChosenInput]:
    return [
        ChosenInput(version, f"named as {reference}; {why_version(version)}")
        for version in versions
        if version.product in allowed
    ]


def _drizzled(name: str, product: Product) -> UsageError:
    """Make the error for a drizzled product, with the exposures that it is made of."""
    members = ", ".join(member.rootname for member in product.members[:3])
    made = f"Name its exposures ({members}{', ...' if len(product.members) > 3 else ''}), or"
    return UsageError(
        f"{name} is a drizzled product ({product.kind}); `skydb align run --what exposures` fits "
        "single exposures.",
        advice=f"{made if members else 'Name exposures, or'} leave out --what exposures.",
    )
