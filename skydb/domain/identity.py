"""Identity of a product: its exposures, kind and flavour, but not a file name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from skydb.domain.vocabulary import ProductKind

if TYPE_CHECKING:
    from skydb.domain.values import FileFacts

_PARTS_OF_A_COMBINATION = 6


def product_identity(file: FileFacts) -> str:
    """Identify the product that a file is a version of.

    An exposure's file is known by rootname, kind and flavour; a combination by its members,
    filter and detector; a combination that names no members by its checksum, so that two are
    never taken for one. A headerlet is known by the exposure and the solution it holds.

    Parameters
    ----------
    file : FileFacts
        Facts of one file, with its checksum.
    """
    facts = file.facts
    if file.kind is ProductKind.HLET:
        held = next((one.hdr_name or str(one.name) for one in file.headerlets), file.sha256)
        return f"{facts.rootname}/{file.kind}/{held}"
    if not file.kind.is_combined:
        return f"{facts.rootname}/{file.kind}/{file.flavour}"
    if not file.members:
        return f"{file.kind}/{file.flavour}/content/{file.sha256}"
    optics = f"{facts.instrument}/{facts.detector}/{facts.filters}"
    return f"{file.kind}/{file.flavour}/{optics}/{members_digest(file.members)}"


def detector_of(identity: str) -> str | None:
    """INSTRUME and DETECTOR of a combination by its identity; None where it has none.

    Examples
    --------
    >>> detector_of("drz/pipeline/WFC3/UVIS/F606W/0123")
    'WFC3/UVIS'
    """
    parts = identity.split("/")
    return "/".join(parts[2:4]).upper() if len(parts) >= _PARTS_OF_A_COMBINATION else None


def logged_identity(filename: str) -> str:
    """Identify a product that is known by its name in a log only."""
    return f"log/{filename}"


def members_digest(rootnames: Iterable[str]) -> str:
    """Digest of a set of members, whatever their order."""
    text = " ".join(sorted(set(rootnames)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
