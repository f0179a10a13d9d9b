"""The file of a visit-level product: its name, what its header says, and its rows."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution, Product, ProductVersion, VisitDrizzle
from skydb.domain.base import utc_now
from skydb.domain.identity import product_identity
from skydb.domain.values import FileFacts
from skydb.domain.vocabulary import ProductKind
from skydb.drizzle.visitlabel import label_visit_product
from skydb.errors import ToolSilentFailureError
from skydb.files.checksum import sha256_of
from skydb.files.reader import read_facts
from skydb.services.core import Context
from skydb.services.skies.recipe import RunInputs
from skydb.store import overlap_queries
from skydb.store.registry import Registry
from skydb.version import __version__

_UNPRINTABLE = re.compile(r"[^a-z0-9]+")


def product_root(rootname: str, optics: tuple[str, str]) -> str:
    """Root of the name of a product: ``ibxl50_ir_f160w``.

    The archive's names have nine characters or begin with ``hst_``; none is like this.

    Parameters
    ----------
    rootname : str
        Of one of the exposures.
    optics : tuple of str
        Filters and detector.
    """
    filters, detector = optics
    return "_".join((rootname[:6], *(_word(text) for text in (detector, filters) if text)))


def kind_of_product(session: Session, inputs: RunInputs) -> ProductKind:
    """DRC when every member is corrected for charge-transfer efficiency, else DRZ."""
    members = overlap_queries.versions(session, inputs.version_ids.values())
    corrected = all(one.product.kind is ProductKind.FLC for one in members)
    return ProductKind.DRC if corrected else ProductKind.DRZ


def keep_product(
    context: Context, made: Path, root: str, kind: ProductKind
) -> tuple[FileFacts, str]:
    """Name a product, say in its header who made it, and move it to its home.

    Parameters
    ----------
    context : Context
    made : Path
        What AstroDrizzle has left.
    root : str
        Root of its name.
    kind : ProductKind
        DRZ or DRC.

    Returns
    -------
    FileFacts
        What the file says.
    str
        How the ledger writes its place.

    Raises
    ------
    ToolSilentFailureError
        When its members are unknown.
    """
    written = utc_now()
    facts = _labelled(made, f"{root}_{kind}.fits", written)
    if not facts.members:
        what = f"made {made.name}, which has no HDRTAB with its members"
        raise ToolSilentFailureError("AstroDrizzle", what, advice="Nothing was kept.")
    with context.store.reading() as session:
        name = _free_name(session, root, kind, product_identity(facts))
    if name != facts.path.name:
        facts = _labelled(facts.path, name, written)
    home = context.workspace.store_version(facts.path, name, str(facts.sha256))
    return replace(facts, path=home), context.workspace.relative(home)


def _labelled(made: Path, name: str, written: datetime) -> FileFacts:
    """Read the facts of a product once it has its name and skydb's label."""
    named = made.with_name(name)
    if named != made:
        shutil.move(made, named)
    label_visit_product(named, f"skydb {__version__}", written)
    return read_facts(named).with_checksum(sha256_of(named))


def record_product(
    session: Session, drizzle: VisitDrizzle, facts: FileFacts, path: str
) -> ProductVersion:
    """The version that a product is, in the ledger."""
    registry = Registry(session, [facts], [path])
    version = registry.content(facts)
    if version is None:
        product = registry.product(facts)
        version = product.add_version(facts)
        product.name_members(facts.members)
        for wcs in facts.solutions:
            AlignmentSolution.found(version, drizzle, wcs)
        product.settle(version)
    registry.see(version, path, is_managed=True)
    drizzle.keep(version)
    return version


def _free_name(session: Session, root: str, kind: ProductKind, identity: str) -> str:
    """A name that no product of other members has: ``ibxl50_ir_f160w-2_drz.fits``."""
    like = f"{root}%\\_{kind}.fits"
    known = select(Product.filename, Product.identity).where(
        Product.filename.like(like, escape="\\")
    )
    names = {name: whose for name, whose in session.execute(known)}
    number = 1
    while True:
        name = f"{root}{'' if number == 1 else f'-{number}'}_{kind}.fits"
        if names.get(name, identity) == identity:
            return name
        number += 1


def _word(text: str) -> str:
    return _UNPRINTABLE.sub("-", text.lower()).strip("-")
