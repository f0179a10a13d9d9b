"""Choice of the drizzled products that an alignment run fits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased, selectinload

from skydb.domain import Exposure, Product, ProductMember, ProductVersion
from skydb.domain.choice import (
    EXPOSURE_KINDS,
    ChosenInput,
    Unfitted,
    Wish,
    by_exposure,
    newest_in_time,
)
from skydb.domain.combinations import choose_combinations, moved_by
from skydb.domain.guards import Flag, listed
from skydb.domain.references import ExposureReference, FileReference, VisitReference, parse
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import FindingKind, ProductKind
from skydb.errors import FileRejectedError, NotFoundError, UsageError
from skydb.files.reader import read_facts
from skydb.files.workspace import Workspace
from skydb.services.alignment.membership import is_behind
from skydb.services.core import checked_path
from skydb.services.intake import Selection
from skydb.store.references import products_of, recorded_product, several_products, version_of
from skydb.store.rows import in_parts
from skydb.store.scope import nothing_selected, require_excluded

_DRIZZLED = tuple(kind for kind in ProductKind if kind.is_drizzled)


def read_inputs(
    workspace: Workspace, chosen: Sequence[ChosenInput], *, strict: bool
) -> tuple[dict[int, FileFacts], list[Flag]]:
    """Facts of the files that are on disk as the ledger has them, and flags on the others.

    Parameters
    ----------
    workspace : Workspace
        Where paths begin.
    chosen : sequence of ChosenInput
        Versions of products.
    strict : bool
        Whether none may be left out.

    Returns
    -------
    dict of int to FileFacts
        By the key of the version.
    list of Flag
        One for each that is left out.

    Raises
    ------
    NotFoundError, FileRejectedError
        When all of them would be left out, or one that may not be.
    """
    read: dict[int, FileFacts] = {}
    errors: list[tuple[ChosenInput, NotFoundError | FileRejectedError]] = []
    for one in chosen:
        try:
            read[one.version.id] = read_facts(checked_path(workspace, one.version))
        except (NotFoundError, FileRejectedError) as error:
            errors.append((one, error))
    if errors and (strict or not read):
        raise errors[0][1]
    return read, [
        Flag(FindingKind.REJECTED_FILE, one.version.filename, f"is left out: {error}")
        for one, error in errors
    ]


def choose_products(
    session: Session, names: Sequence[str] = (), selection: Selection | None = None
) -> list[ChosenInput]:
    """Versions of the products that are named, or of those that the rule chooses.

    Others - all products, those of a selection, of a visit or of a
    name with wildcards - are chosen by :mod:`skydb.domain.combinations`.

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
        When several products have a name that is given, one that is named cannot be fitted, or
        two that are named would move the same files.
    InputsRefusedError
        When no flavour covers all exposures.
    """
    wanted = selection or Selection()
    admitted = _Admitted(
        wanted.product_conditions(session), Wish(flavour=wanted.flavour, as_of=wanted.as_of)
    )
    found = [one for name in names for one in _named(session, name, admitted)]
    if not names:
        found = _by_rule(session, admitted.products(session), admitted.wish)
    chosen = list({one.version.id: one for one in found}.values())
    if not chosen:
        raise nothing_selected(session, wanted, "drizzled products")
    require_excluded(session, wanted)
    refuse_twins(chosen)
    _refuse_shared(chosen)
    passed_over = _others(session, chosen)
    unfitted = _unfitted(session, wanted, chosen)
    return [
        replace(one, passed_over=passed_over[one.version.id], unfitted=unfitted[one.version.id])
        for one in chosen
    ]


@dataclass(frozen=True)
class _Admitted:
    """The drizzled products of a selection."""

    conditions: Sequence[ColumnElement[bool]]
    wish: Wish

    def products(self, session: Session, *more: ColumnElement[bool]) -> list[Product]:
        """Select those that have a file version, in order of their names."""
        query = (
            select(Product)
            .where(Product.kind.in_(_DRIZZLED), Product.versions.any(), *self.conditions, *more)
            .order_by(Product.filename, Product.id)
            .options(selectinload(Product.members), selectinload(Product.versions))
        )
        return list(session.scalars(query))


def _named(session: Session, name: str, admitted: _Admitted) -> list[ChosenInput]:
    """Versions of one name; of a name for several products those of the best flavour."""
    reference = parse(name)
    if isinstance(reference, ExposureReference):
        first = next(iter(products_of(session, reference)), None)
        raise _single_exposure(session, name, reference.rootname, first)
    products = products_of(session, reference)
    allowed = admitted.products(session, Product.id.in_([product.id for product in products]))
    if isinstance(reference, VisitReference) or getattr(reference, "is_pattern", False):
        return _by_rule(session, allowed, admitted.wish, f"matches {reference}; ")
    product = recorded_product(name, products)
    if product.kind not in _DRIZZLED:
        raise _single_exposure(session, name, product.subject, product)
    has_number = not isinstance(reference, FileReference) or reference.version is not None
    if product not in allowed:
        return []
    version = version_of(session, reference) if has_number else latest_of(product, admitted.wish)
    return [ChosenInput(version, f"named as {reference}")]


def latest_of(product: Product, wish: Wish) -> ProductVersion:
    """The newest version of a product that is named, as skydb has aligned it where it has."""
    return newest_in_time(product, product.flavour, wish) or product.latest


def _single_exposure(
    session: Session, name: str, rootname: str, product: Product | None
) -> UsageError:
    """Make the error for a file that is not a drizzled product, with its product."""
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
        f"{name} is a single exposure{kind}; `skydb align run` fits drizzled products.",
        advice=f"Name {there}, or fit the exposure itself with --what exposures.",
    )


def _by_rule(
    session: Session, products: Sequence[Product], wish: Wish, why: str = ""
) -> list[ChosenInput]:
    """Choose among several products by the files of their members."""
    files = _files_of(session, products)
    found = choose_combinations(products, files, wish, behind=_behind(session, products, files))
    found = found or _of_named_flavour(products, wish)
    return [replace(one, reason=f"{why}{one.reason}") for one in found]


def _of_named_flavour(products: Sequence[Product], wish: Wish) -> list[ChosenInput]:
    """Products of the flavour that is named, whose members are not in the ledger in it.

    They can be fitted and looked at; an acceptance will say that it moves nothing.
    """
    if wish.flavour is None:
        return []
    newest = [newest_in_time(one, wish.flavour, wish) for one in products
              if one.flavour is wish.flavour]  # fmt: skip
    why = f"flavour {wish.flavour} was named, of whose exposures no file is there"
    return [ChosenInput(version, why) for version in newest if version is not None]


def _files_of(session: Session, products: Sequence[Product]) -> list[Product]:
    """The products of single exposures of the members of some products."""
    with_all = selectinload(Product.versions).options(
        selectinload(ProductVersion.solutions), selectinload(ProductVersion.applied_solutions)
    )
    query = (
        select(Product)
        .join(Exposure, Exposure.id == Product.exposure_id)
        .where(Product.kind.in_(EXPOSURE_KINDS))
        .order_by(Product.id)
        .options(with_all)
    )
    members = (member.rootname for product in products for member in product.members)
    parts = in_parts(query, Exposure.rootname, members)
    return [one for part in parts for one in session.scalars(part)]


def _behind(
    session: Session, products: Sequence[Product], files: Sequence[Product]
) -> set[Product]:
    """Products that are older than others of the same exposures."""
    counts = Counter(member.rootname for one in products for member in one.members)
    candidates = by_exposure(files)
    rivals = [one for one in products if any(counts[m.rootname] > 1 for m in one.members)]
    return {one for one in rivals if is_behind(session, one.latest, candidates)}


def refuse_twins(chosen: Sequence[ChosenInput]) -> None:
    """Tools know products by their names: two of one name are fitted one after the other."""
    counts = Counter(one.version.filename for one in chosen)
    twice = [one.version for one in chosen if counts[one.version.filename] > 1]
    if twice:
        error = several_products(twice[0].filename, [version.product for version in twice])
        raise UsageError(error.what, advice="Fit them one at a time.")


def _refuse_shared(chosen: Sequence[ChosenInput]) -> None:
    """Refuse products of which two would move the same files: a file gets one fit."""
    moving: dict[object, Product] = {}
    for one in (each.version.product for each in chosen):
        mine = moved_by(one)
        other = next((moving[file] for file in mine if file in moving), None)
        if other is not None:
            both = sorted(name for *_, name in mine & moved_by(other))
            raise UsageError(
                f"{other.filename} and {one.filename} have {listed(both)} in common, and an "
                "exposure gets one fit.",
                advice="Fit one of them, or one after the other.",
            )
        moving.update(dict.fromkeys(mine, one))


def _unfitted(
    session: Session, selection: Selection, chosen: Sequence[ChosenInput]
) -> dict[int, tuple[Unfitted, ...]]:
    """Products that are not fitted and have selected exposures of their own, by version."""
    named = {name for one in chosen for left in one.unfitted for name in left.without}
    fitted = {member.rootname for one in chosen for member in one.version.product.members}
    wanted = select(Exposure.rootname).join(Exposure.visit).where(*selection.conditions(session))
    parts = in_parts(wanted, Exposure.rootname, named - fitted)
    selected = {name for part in parts for name in session.scalars(part)}
    return {one.version.id: tuple(_restricted(one.unfitted, selected)) for one in chosen}


def _restricted(unfitted: Iterable[Unfitted], selected: Collection[str]) -> Iterator[Unfitted]:
    for one in unfitted:
        without = tuple(name for name in one.without if name in selected)
        if without:
            yield replace(one, without=without)


def _others(session: Session, chosen: Sequence[ChosenInput]) -> dict[int, tuple[str, ...]]:
    """Other versions, and products of the same members, by version."""
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
        one.version.id: tuple(_other_versions(one.version, beside[one.version.product_id].values()))
        for one in chosen
    }


def _other_versions(version: ProductVersion, others: Iterable[Product]) -> Iterator[str]:
    for other in version.product.versions:
        if other not in (version, version.origin):
            yield f"{other.product.flavour} {other.product.kind} {other.reference}"
    for product in others:
        if product.versions:
            yield f"{product.flavour} {product.kind} {product.latest.reference}"
