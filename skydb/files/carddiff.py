"""The difference between two states of a FITS file: every card, and whether the pixels moved.

Data are compared as the bytes in the file, so that the scaling, byte order or unsigned
integers of a reader neither hide a change nor look like one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from skydb.domain.cardchanges import CardChanges, CardValue, HduChanges
from skydb.errors import FileRejectedError, UnreadableFileError
from skydb.files.quiet import quiet_astropy
from skydb.files.structure import FitsSkeleton, HduRecord, open_skeleton

_COMMENTARY = ("HISTORY", "COMMENT", "")
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class HduState:
    """One HDU as it stood in the file, and the checksum of its data."""

    record: HduRecord
    data_sha256: str

    @cached_property
    def cards(self) -> Mapping[str, CardValue]:
        """Its cards; those of an HDU that did not change are never parsed."""
        with quiet_astropy():
            return _cards(self.record)


#: State of a file at one moment, by HDU.
FileState = dict[str, HduState]


def state_of(path: Path) -> FileState:
    """Read the present state of a file.

    Raises
    ------
    UnreadableFileError
        When it is no FITS file.
    """
    states: FileState = {}
    try:
        with open_skeleton(path) as skeleton:
            for number, hdu in enumerate(skeleton.hdus):
                name = _free_name(states, hdu, number)
                states[name] = HduState(hdu, _checksum(skeleton, hdu))
    except FileRejectedError as error:
        said = f"its headers cannot be compared ({error.reason})"
        raise UnreadableFileError(path, said) from error
    return states


def changes_between(before: FileState, after: FileState) -> CardChanges:
    """Compare two states HDU by HDU; equal HDUs are left out."""
    nothing = HduState(HduRecord(b"", 0, 0), "")
    names = dict.fromkeys((*before, *after))
    found = {
        name: _hdu_changes(before.get(name, nothing), after.get(name, nothing)) for name in names
    }
    return CardChanges({name: changes for name, changes in found.items() if not changes.is_empty})


def _hdu_changes(before: HduState, after: HduState) -> HduChanges:
    pixels_changed = before.data_sha256 != after.data_sha256
    if before.record.header_bytes == after.record.header_bytes:
        return HduChanges(pixels_changed=pixels_changed)
    old, new = before.cards, after.cards
    return HduChanges(
        added={key: value for key, value in new.items() if key not in old},
        removed={key: value for key, value in old.items() if key not in new},
        changed={key: (value, new[key]) for key, value in old.items() if _differs(key, value, new)},
        pixels_changed=pixels_changed,
    )


def _differs(key: str, value: CardValue, new: Mapping[str, CardValue]) -> bool:
    # True == 1 in Python, but T and 1 are different cards.
    return key in new and (new[key] != value or type(new[key]) is not type(value))


def _free_name(states: FileState, hdu: HduRecord, number: int) -> str:
    if number == 0:
        return "PRIMARY"
    full = f"{hdu.name or f'HDU{number}'},{hdu.version}"
    return full if full not in states else f"{full} #{number}"


def _cards(record: HduRecord) -> dict[str, CardValue]:
    cards: dict[str, CardValue] = {}
    for key in dict.fromkeys(record.header.keys()):
        if key in _COMMENTARY:
            cards[key or "(blank)"] = [str(line) for line in record.header[key]]
        else:
            cards[key] = _value(record, key)
    return cards


def _value(record: HduRecord, key: str) -> CardValue:
    from astropy.io.fits import VerifyError

    try:
        return _plain(record.header[key])
    except VerifyError:
        # A card that has no value by the standard is compared as it stands.
        return record.scanned.image(key)


def _plain(value: object) -> CardValue:
    """Convert a value for JSON; an undefined value is None."""
    from astropy.io.fits.card import Undefined

    if value is None or isinstance(value, Undefined):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def _checksum(skeleton: FitsSkeleton, hdu: HduRecord) -> str:
    digest = hashlib.sha256()
    for block in skeleton.blocks_of(hdu, 0, hdu.padded_bytes, _CHUNK_BYTES):
        digest.update(block)
    return digest.hexdigest()
