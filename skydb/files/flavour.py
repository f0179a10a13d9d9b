"""Maker of a file: the archive's pipeline, its advanced products, skydb, or a user.

The header decides. HAP (``drizzlepac.haputils``) leaves HAPLEVEL in the primary header, 1 for
an exposure, 2 and 3 for a visit's products, 4 for a sky cell's, and FILENAME
``hst_<proposal>_<visit>_...``. Multi-visit processing copies the single-visit exposures under
a new name, ``hst_skycell-...``, and leaves their FILENAME as it was: there the name counts.
SKYCELL in a SCI header is no evidence, as the pipeline writes it into every exposure; a
sky cell's own products have SCELLID in the primary header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from skydb.domain.values import WcsFacts, WcsName
from skydb.domain.vocabulary import Flavour, ProductKind, WcsKind
from skydb.files.cards import Cards
from skydb.files.structure import FitsSkeleton

_MVM_NAME = re.compile(r"hst_(cutout_|combined_)?skycells?[-_]", re.IGNORECASE)
_SVM_NAME = re.compile(r"hst_[a-z0-9]{1,6}_[a-z0-9]{2}_", re.IGNORECASE)
_PIPELINE_NAME = re.compile(r"[ijnou][a-z0-9]{8}_[a-z0-9]{3}\.fits(\.gz)?", re.IGNORECASE)
#: Maker of a fit: FIT_<scope>_<catalogue> (DrizzlePac Handbook, section 4.5).
_PIPELINE_SCOPES = frozenset({"REL", "IMG", "EVM"})
_BARE_FIT = re.compile(r"FIT_([A-Za-z]+)(_.*)?")
_A_PRIORI = re.compile(r"(GSC|HSC)\w*", re.IGNORECASE)
_SKYDB_SCOPE, _SVM_SCOPE, _MVM_SCOPE = "SKYDB", "SVM", "MVM"
_SKY_CELL_LEVEL = 4
#: Card of the primary header that says which skydb has drizzled a product.
MAKER_CARD = "SKYDBVER"
#: Cards of which the pipeline leaves one in every exposure that it has calibrated.
_CALIBRATED = ("CAL_VER", "OPUS_VER", "CALWP2", "CALNICA", "CALSTIS")


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks that the maker left in a file.

    Parameters
    ----------
    kind : ProductKind
        What it is.
    name : str
        How it is called now.
    header_name : str or None
        FILENAME: how it was called when it was written.
    wcs_name : WcsName
        Active WCSNAME, empty when it has none.
    headerlet : str or None
        HDRNAME of the active WCS.
    hap_level : int or None
        HAPLEVEL of the primary header.
    is_sky_cell : bool
        Whether the primary header names a sky cell.
    is_calibrated : bool
        Whether it has a card that the calibration pipeline leaves.
    is_made_here : bool
        Whether skydb says in the primary header that it has drizzled it.
    """

    kind: ProductKind
    name: str
    header_name: str | None
    wcs_name: WcsName
    headerlet: str | None = None
    hap_level: int | None = None
    is_sky_cell: bool = False
    is_calibrated: bool = False
    is_made_here: bool = False

    @property
    def scope(self) -> str:
        """Scope of the active fit in capitals, such as ``REL`` or ``SVM``; '' without a fit."""
        bare = _BARE_FIT.fullmatch(self.wcs_name.text)
        return (self.wcs_name.scope or (bare[1] if bare else "")).upper()

    @property
    def names(self) -> tuple[str, ...]:
        """Both names, that of the header first."""
        return tuple(name for name in (self.header_name, self.name) if name)


def flavour_of(skeleton: FitsSkeleton, kind: ProductKind) -> Flavour:
    """Flavour of an open image.

    Parameters
    ----------
    skeleton : FitsSkeleton
        An open file with at least one SCI extension.
    kind : ProductKind
        What it is.
    """
    primary = Cards(skeleton.path, (skeleton.primary.scanned,))
    science = Cards(skeleton.path, (skeleton.named("SCI")[0].scanned,))
    return flavour_by(_marks(skeleton.path, kind, primary, science))


def flavour_of_headerlet(path: Path, wcs: WcsFacts) -> Flavour:
    """Flavour of a headerlet, which has no pixels and so none of a calibration's cards."""
    name = wcs.hdr_name or path.name
    marks = Marks(ProductKind.HLET, path.name, name, wcs.name)
    made = flavour_by(marks)
    return Flavour.PIPELINE if made is Flavour.USER and _is_pipelines_wcs(marks) else made


def flavour_by(marks: Marks) -> Flavour:
    """Flavour of a file that bears these marks; the first that fits counts."""
    if marks.scope == _SKYDB_SCOPE or (marks.is_made_here and marks.kind.is_drizzled):
        return Flavour.SKYDB
    if _is_of_sky_cell(marks):
        return Flavour.MVM
    if _is_of_visit(marks):
        return Flavour.SVM
    return Flavour.PIPELINE if _is_of_pipeline(marks) else Flavour.USER


def _marks(path: Path, kind: ProductKind, primary: Cards, science: Cards) -> Marks:
    return Marks(
        kind=kind,
        name=path.name,
        header_name=primary.text("FILENAME"),
        wcs_name=WcsName.parse(science.text("WCSNAME") or ""),
        headerlet=science.text("HDRNAME"),
        hap_level=primary.integer("HAPLEVEL"),
        is_sky_cell=any(primary.text(card) for card in ("SCELLID", "SKYCELL")),
        is_calibrated=any(primary.text(card) for card in _CALIBRATED),
        is_made_here=primary.text(MAKER_CARD) is not None,
    )


def _is_of_sky_cell(marks: Marks) -> bool:
    if marks.is_sky_cell or marks.scope == _MVM_SCOPE or marks.hap_level == _SKY_CELL_LEVEL:
        return True
    return any(_MVM_NAME.match(name) for name in marks.names)


def _is_of_visit(marks: Marks) -> bool:
    if marks.hap_level is not None or any(_SVM_NAME.match(name) for name in marks.names):
        return True
    return marks.scope == _SVM_SCOPE and not _has_borrowed_wcs(marks)


def _has_borrowed_wcs(marks: Marks) -> bool:
    """Whether the pipeline gave an exposure of its own the headerlet of a visit's product.

    The astrometry database has those too, and the best solution that it has is applied.
    """
    own = all(_PIPELINE_NAME.fullmatch(name) for name in marks.names)
    return own and bool(_SVM_NAME.match(marks.headerlet or ""))


def _is_of_pipeline(marks: Marks) -> bool:
    if not _PIPELINE_NAME.fullmatch(marks.header_name or ""):
        return False
    # A drizzled product keeps only those cards that its exposures have in common.
    return _is_pipelines_wcs(marks) and (marks.is_calibrated or marks.kind.is_combined)


def _is_pipelines_wcs(marks: Marks) -> bool:
    """Whether the archive's pipeline writes a WCSNAME like this; old files have none."""
    name = marks.wcs_name
    if not name.text or name.kind in (WcsKind.PIPELINE, WcsKind.DISTORTION):
        return True
    if name.kind is WcsKind.A_PRIORI:
        return bool(_A_PRIORI.fullmatch(name.catalog or ""))
    return marks.scope in _PIPELINE_SCOPES or _has_borrowed_wcs(marks)
