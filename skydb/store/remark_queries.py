"""Read-only selects on the exposures and files that notes and flags are about."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, union

from skydb.domain import BookEntry, Exposure, Product, ProductMember, ProductVersion
from skydb.domain.vocabulary import EntryKind
from skydb.store.rows import batches, in_parts

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def remarked(session: Session, sentences: Collection[str]) -> set[tuple[str, str]]:
    """Select the subjects of valid notes and flags, each with the sentence on it.

    Parameters
    ----------
    session : Session
    sentences : collection of str
        Those that are wanted, as :attr:`.BookEntry.sentence` gives them.

    Returns
    -------
    set of (str, str)
        Rootnames of exposures and names of files, each with a sentence: what the note or flag
        is about, and what is made of that. A note on a visit is about no file of it.
    """
    valid = select(BookEntry).where(
        BookEntry.withdrawn_at.is_(None),
        BookEntry.kind.in_((EntryKind.NOTE, EntryKind.FLAG)),
    )
    entries = {one.id: one.sentence for one in session.scalars(valid)}
    wanted = {key: sentence for key, sentence in entries.items() if sentence in sentences}
    return {
        (name, wanted[key])
        for batch in batches(wanted)
        for key, name in (*_exposures(session, batch), *_files(session, batch))
    }


def _exposures(session: Session, keys: Collection[int]) -> list[tuple[int, str]]:
    """Entries and the rootnames that they are about: one, or all of a visit."""
    of_visit = (Exposure.visit_id == BookEntry.visit_id) & (BookEntry.kind == EntryKind.FLAG)
    entries = select(BookEntry.id, Exposure.rootname).where(BookEntry.id.in_(keys))
    files = entries.join(Product, Product.id == BookEntry.product_id)
    found = union(
        entries.join(Exposure, Exposure.id == BookEntry.exposure_id),
        files.join(Exposure, Exposure.id == Product.exposure_id),
        entries.join(Exposure, of_visit),
    )
    return [(key, name) for key, name in session.execute(found)]


def _files(session: Session, keys: Collection[int]) -> list[tuple[int, str]]:
    """Entries and the drizzled files that they are about, by themselves or by a member."""
    of_visit = (BookEntry.visit_id == Product.visit_id) & (BookEntry.kind == EntryKind.FLAG)
    entries = select(BookEntry.id, ProductVersion.filename).where(BookEntry.id.in_(keys))
    own = or_(Product.id == BookEntry.product_id, of_visit)
    found = [
        (key, name)
        for key, name in session.execute(
            entries.join(Product, own).join(ProductVersion, ProductVersion.product_id == Product.id)
        )
    ]
    by_member: dict[str, list[int]] = {}
    for key, rootname in _exposures(session, keys):
        by_member.setdefault(rootname, []).append(key)
    made = select(ProductMember.rootname, ProductVersion.filename).join(
        ProductVersion, ProductVersion.product_id == ProductMember.product_id
    )
    found += [
        (key, name)
        for part in in_parts(made, ProductMember.rootname, by_member)
        for member, name in session.execute(part)
        for key in by_member[member]
    ]
    return found
