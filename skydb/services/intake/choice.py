"""Inputs of a run: the rule of :mod:`skydb.domain.choice` applied to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, lazyload, selectinload

from skydb.domain import Exposure, FileLocation, Product, ProductVersion, Visit
from skydb.domain.choice import EXPOSURE_KINDS, ChosenInput, Wish, choose
from skydb.errors import NotFoundError, UsageError
from skydb.files.workspace import Workspace
from skydb.services.intake.selection import Selection
from skydb.store.scope import nothing_selected, require_excluded


def choose_inputs(
    session: Session, workspace: Workspace, selection: Selection
) -> list[ChosenInput]:
    """One version of every selected exposure, in order of rootname.

    Raises
    ------
    NotFoundError
        When nothing, or a rootname or file that was named, is not in the ledger.
    UsageError
        When the selection mixes detectors or filters.
    InputsRefusedError
        When the rule cannot decide.
    """
    files = _files_named(session, workspace, selection.files)
    wish = Wish(selection.flavour, selection.as_of, selection.versions, files)
    products = _products(session, selection)
    _require_all(session, selection, products, (*wish.versions, *files))
    chosen = choose(products, wish)
    _require_one_kind(chosen)
    return chosen


def _products(session: Session, selection: Selection) -> list[Product]:
    # Visit and product of each row are there by then: not to be asked for with every version.
    above = lazyload(ProductVersion.product)
    with_all = (
        contains_eager(Product.exposure).contains_eager(Exposure.visit),
        lazyload(Product.visit),
        selectinload(Product.versions).options(
            above,
            selectinload(ProductVersion.solutions),
            selectinload(ProductVersion.applied_solutions),
            selectinload(ProductVersion.derivatives).options(above),
        ),
    )
    query = (
        select(Product)
        .join(Exposure, Exposure.id == Product.exposure_id)
        .join(Visit, Visit.id == Exposure.visit_id)
        .where(Product.kind.in_(EXPOSURE_KINDS), *selection.conditions(session))
        .order_by(Exposure.rootname, Product.id)
        .options(*with_all)
    )
    return [product for product in session.scalars(query) if product.deliveries]


def _files_named(session: Session, workspace: Workspace, paths: Sequence[str]) -> dict[str, str]:
    """Look up the version recorded at each path, by rootname.

    Raises
    ------
    NotFoundError
        When no exposure is recorded there.
    UsageError
        When two of them are different files of one exposure.
    """
    named: dict[str, str] = {}
    first: dict[str, str] = {}
    for path in paths:
        place = session.scalar(
            select(FileLocation).where(FileLocation.path == workspace.relative(Path(path)))
        )
        if place is None or place.version.rootname is None:
            what = "is not in the ledger" if place is None else "is not a single exposure"
            raise NotFoundError(f"{path} {what}.", advice="Bring it in with `skydb ingest`.")
        rootname, sha256 = place.version.rootname, place.version.sha256
        if named.setdefault(rootname, sha256) != sha256:
            raise UsageError(
                f"{first[rootname]} and {path} are two files of {rootname}.",
                advice="A run uses one of each exposure: name one.",
            )
        first.setdefault(rootname, path)
    return named


def _require_all(
    session: Session, selection: Selection, products: Sequence[Product], named: Sequence[str]
) -> None:
    found = {product.subject for product in products}
    missing = sorted(set(selection.missing(found, named)))
    if missing or not found:
        raise nothing_selected(session, selection, missing=missing)
    require_excluded(session, selection)


def _require_one_kind(chosen: Sequence[ChosenInput]) -> None:
    kinds = {
        f"{exposure.instrument}/{exposure.detector} {exposure.filters}"
        for one in chosen
        if (exposure := one.version.exposure)
    }
    if len(kinds) > 1:
        raise UsageError(
            f"The selection mixes {', '.join(sorted(kinds))}.",
            advice="Choose with --detector and --filter.",
        )
