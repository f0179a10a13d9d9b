"""One reading of one FITS file: bytes to :class:`~skydb.domain.values.FileFacts`.

Every file is opened once and only its headers are read, with some exceptions: the distortion
tables, for the footprint, some columns of a product's HDRTAB, and the data of an HDU that
states its own checksum.
"""

from __future__ import annotations

import re
from pathlib import Path

from skydb.domain.values import ChipSky, ExposureFacts, FileFacts, Rootname
from skydb.domain.vocabulary import ProductKind
from skydb.errors import NotHstImageError, UnreadableFileError
from skydb.files.cards import Cards
from skydb.files.checksum import sha256_of
from skydb.files.chipframes import displaced_chips
from skydb.files.condition import read_condition
from skydb.files.doubts import doubts_of
from skydb.files.dqfile import check_flags, flags_beside
from skydb.files.embedded import embedded_headerlets
from skydb.files.flavour import flavour_of
from skydb.files.instruments import (
    detector_of,
    filters_of,
    instrument_of,
    kind_of,
    sky_unit_of,
)
from skydb.files.members import Members, exposure_named_in, members_of, reference_file
from skydb.files.quiet import quiet_astropy
from skydb.files.refdates import delivery_date
from skydb.files.repeatedcards import check_cards
from skydb.files.sanity import (
    check_exposures,
    check_layout,
    check_lookups,
    check_polynomials,
    check_wcs,
)
from skydb.files.structure import (
    FitsSkeleton,
    check_complete,
    open_skeleton,
    require_uncompressed,
)
from skydb.files.wcs import read_solutions

#: A product of a sky cell names all its proposals.
_PROPOSALS = re.compile(r"(\d{1,18})(?:\s*;\s*\d{1,18})+")
_LARGEST_PROPOSAL = 2**31 - 1
_MAY_BE_MISSING = 1
#: Kinds of which one file is one exposure, whatever association it was calibrated in.
_SINGLE_EXPOSURES = frozenset({ProductKind.FLT, ProductKind.FLC, ProductKind.C0M, ProductKind.CAL})
_VERSION_IN_HISTORY = re.compile(r"AstroDrizzle Version\s+(\S+)")

#: IMAGETYP of exposures that calibrate a detector, with the shutter closed or a lamp.
_CALIBRATIONS = frozenset({"BIAS", "DARK", "FLAT"})


def read_facts(path: Path) -> FileFacts:
    """Everything skydb wants to know of an HST image.

    Parameters
    ----------
    path : pathlib.Path
        A calibrated or drizzled image of WFC3, ACS, WFPC2, STIS or NICMOS; gzip is fine.

    Raises
    ------
    UnreadableFileError
        When it is missing, forbidden, damaged or not FITS.
    TruncatedFileError
        When it ends before its headers say it should.
    NotHstImageError
        When it is FITS but not an HST image that can be matched.
    FileRejectedError
        When the WCS of a chip cannot be used.
    """
    from astropy.io import fits

    try:
        with quiet_astropy(), open_skeleton(path) as skeleton:
            return _facts(skeleton)
    except fits.VerifyError as error:
        raise UnreadableFileError(path, f"a card cannot be read ({error})") from error


def _facts(skeleton: FitsSkeleton) -> FileFacts:
    primary = Cards(skeleton.path, (skeleton.primary.scanned,))
    _require_hst(primary)
    is_drizzled = primary.raw("NDRIZIM") is not None or primary.raw("D001DATA") is not None
    kind = kind_of(skeleton.path, primary.text("FILENAME"), is_drizzled=is_drizzled)
    _require_image(skeleton, primary, kind)
    check_layout(skeleton, kind)
    check_polynomials(skeleton)
    check_lookups(skeleton)
    check_cards(skeleton)
    members = members_of(skeleton) if kind.is_drizzled else Members()
    facts = _exposure_facts(skeleton, kind, members.rootnames)
    solutions = read_solutions(skeleton)
    check_wcs(skeleton, kind, facts, solutions[0])
    names = (str(facts.rootname), primary.text("ROOTNAME"))
    embedded = embedded_headerlets(skeleton, solutions, () if kind.is_combined else names)
    idctab, written = reference_file(primary.text("IDCTAB")), primary.text("DATE")
    return FileFacts(
        path=skeleton.path,
        kind=kind,
        size_bytes=skeleton.size_bytes,
        facts=facts,
        solutions=solutions,
        skies=_skies(skeleton, kind),
        members=members.rootnames,
        # A drizzled product keeps those of its members in HDRTAB only.
        cal_ver=primary.text("CAL_VER") or members.cal_ver,
        idctab=idctab,
        date_written=written,
        tool_version=_tool_version(skeleton, primary),
        headerlets=tuple(embedded.solutions),
        flaws=(*embedded.flaws, *_missing(skeleton, primary, kind)),
        doubts=(
            *doubts_of(skeleton, kind, facts),
            *displaced_chips(solutions, embedded.solutions),
            *embedded.doubts,
        ),
        flavour=flavour_of(skeleton, kind),
        header_filename=primary.text("FILENAME"),
        header_rootname=primary.text("ROOTNAME"),
        opus_ver=primary.text("OPUS_VER"),
        idctab_date=delivery_date(idctab, written),
        member_wcs=members.wcs,
        condition=read_condition(skeleton, solutions[0].chips[0]),
        dq_sha256=_flags_sha256(skeleton),
    )


def _require_hst(primary: Cards) -> None:
    telescope = primary.text("TELESCOP")
    if telescope != "HST":
        said = "no TELESCOP in its header" if telescope is None else f"TELESCOP is {telescope!r}"
        raise NotHstImageError(primary.path, f"{said}, so it is not from HST")
    primary.required("ROOTNAME", NotHstImageError)


def _require_image(skeleton: FitsSkeleton, primary: Cards, kind: ProductKind) -> None:
    require_uncompressed(skeleton)
    # The flags of a c0m are in another file, and it has no errors.
    apart = kind.is_drizzled or kind is ProductKind.C0M
    partners = () if apart else ("ERR", "DQ")
    check_complete(skeleton, primary.integer("NEXTEND"), partners=partners)
    if (primary.text("OBSTYPE") or "").upper().startswith("SPECTRO"):
        raise NotHstImageError(skeleton.path, "a spectrum (OBSTYPE), not an image")
    taken_of = primary.text("IMAGETYP") or "EXT"
    if taken_of.upper() in _CALIBRATIONS:
        raise NotHstImageError(skeleton.path, f"IMAGETYP is {taken_of!r}: no image of the sky")
    chips = skeleton.named("SCI")
    if not any(chip.is_image for chip in chips):
        raise NotHstImageError(skeleton.path, "no SCI image extension")
    versions = [chip.version for chip in chips]
    if len(set(versions)) < len(versions):
        raise NotHstImageError(skeleton.path, "two SCI extensions have the same EXTVER")


def _flags_sha256(skeleton: FitsSkeleton) -> str | None:
    """Checksum of the file with the flags, when it is another one."""
    flags = None if skeleton.named("DQ") else flags_beside(skeleton.path)
    return None if flags is None else sha256_of(flags)


def _missing(skeleton: FitsSkeleton, primary: Cards, kind: ProductKind) -> tuple[str, ...]:
    """List the missing parts of a file: tools drop headerlets and leave NEXTEND."""
    announced, found = primary.integer("NEXTEND"), len(skeleton.hdus) - 1
    flaws = []
    # AstroDrizzle announces a context that it may not make.
    if announced is not None and announced > found + _MAY_BE_MISSING:
        flaws.append(f"NEXTEND announces {announced} extensions, {found} exist.")
    flags = check_flags(skeleton) if kind is ProductKind.C0M else None
    return (*flaws, *([flags] if flags else []))


def _exposure_facts(
    skeleton: FitsSkeleton, kind: ProductKind, members: tuple[str, ...]
) -> ExposureFacts:
    """Facts of the exposure; STIS and NICMOS keep the times in the SCI header."""
    cards = Cards(skeleton.path, (skeleton.primary.scanned, skeleton.named("SCI")[0].scanned))
    instrument = instrument_of(cards)
    return ExposureFacts(
        rootname=_rootname(skeleton, cards, kind, members),
        proposal_id=_proposal_id(cards),
        instrument=instrument,
        detector=detector_of(cards, instrument),
        filters=filters_of(cards, instrument),
        exptime_s=_exptime_s(cards),
        expstart_mjd=_first_number(cards, "EXPSTART", "TEXPSTRT"),
        expend_mjd=_first_number(cards, "EXPEND", "TEXPEND"),
        date_obs=cards.text("DATE-OBS") or cards.text("TDATEOBS"),
        target_name=cards.text("TARGNAME"),
        ra_targ_deg=cards.number("RA_TARG"),
        dec_targ_deg=cards.number("DEC_TARG"),
        pa_v3_deg=cards.number("PA_V3"),
        aperture=cards.text("APERTURE"),
        asn_id=_lower(cards.text("ASN_ID")),
        postarg1_arcsec=cards.number("POSTARG1"),
        postarg2_arcsec=cards.number("POSTARG2"),
    )


def _rootname(
    skeleton: FitsSkeleton, cards: Cards, kind: ProductKind, members: tuple[str, ...]
) -> Rootname:
    """The exposure, or the first member for products named after a sky cell or by a user.

    AstroDrizzle makes the name of its output the ROOTNAME; of a mosaic that keeps no members,
    only ASN_ID shows the visit.
    """
    text = cards.required("ROOTNAME", NotHstImageError)
    own = (_exposure(skeleton, text),) if kind in _SINGLE_EXPOSURES else (text,)
    association = (cards.text("ASN_ID") or "",) if kind.is_drizzled else ()
    for candidate in (*own, *members, *association):
        try:
            return Rootname.parse(candidate)
        except ValueError:
            continue
    problem = f"ROOTNAME {text!r} is not a rootname of nine characters"
    if kind.is_drizzled:
        problem += ", and neither HDRTAB nor D001DATA nor ASN_ID names what it was made of"
    raise NotHstImageError(cards.path, problem)


def _exposure(skeleton: FitsSkeleton, rootname: str) -> str:
    """Exposure that all SCI extensions belong to."""
    headers = (Cards(skeleton.path, (chip.scanned,)) for chip in skeleton.named("SCI"))
    names = [exposure_named_in(rootname, chip.text("EXPNAME")) or "" for chip in headers]
    check_exposures(skeleton, names)
    return names[0]


def _proposal_id(cards: Cards) -> int:
    for key in ("PROPOSID", "PROPOSAL", "PROGRAM"):
        number = cards.integer(key)
        several = _PROPOSALS.fullmatch(cards.text(key) or "")
        if number is None and several is not None:
            number = int(several[1])
        if number is not None and not 0 <= number <= _LARGEST_PROPOSAL:
            raise NotHstImageError(cards.path, f"{key} {number} is not a proposal number")
        if number is not None:
            return number
    raise NotHstImageError(cards.path, "no PROPOSID in its header")


def _exptime_s(cards: Cards) -> float:
    seconds = _first_number(cards, "EXPTIME", "TEXPTIME")
    if seconds is None:
        raise NotHstImageError(cards.path, "no EXPTIME in its header")
    return seconds


def _first_number(cards: Cards, *keys: str) -> float | None:
    return next((n for n in map(cards.number, keys) if n is not None), None)


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None


def _skies(skeleton: FitsSkeleton, kind: ProductKind) -> tuple[ChipSky, ...]:
    """MDRIZSKY of every chip; MultiDrizzle wrote one for all of them in the primary header.

    A drizzled product has the mean of its inputs' values in the inputs' unit, which is not
    its own BUNIT.
    """
    skies = []
    for chip in skeleton.named("SCI"):
        cards = Cards(skeleton.path, (chip.scanned, skeleton.primary.scanned))
        unit = None if kind.is_drizzled else sky_unit_of(cards.text("BUNIT"))
        skies.append(ChipSky(chip.version, cards.number("MDRIZSKY"), unit))
    return tuple(skies)


def _tool_version(skeleton: FitsSkeleton, primary: Cards) -> str | None:
    """Version of the drizzling program: PROD_VER, or AstroDrizzle's line in HISTORY."""
    named = primary.text("PROD_VER")
    if named:
        return named
    match = _VERSION_IN_HISTORY.search(str(skeleton.primary.scanned.get("HISTORY", "")))
    return f"AstroDrizzle {match[1]}" if match else None
