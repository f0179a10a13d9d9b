"""The difference between two states of a FITS file: every card, and whether the pixels moved.

Data are compared as the bytes in the file, so that the scaling, byte order or unsigned
integers of a reader neither hide a change nor look like one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.domain.cardchanges import CardChanges, CardValue, HduChanges
from skydb.errors import UnreadableFileError

if TYPE_CHECKING:
    from astropy.io.fits import Header

_COMMENTARY = ("HISTORY", "COMMENT", "")
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class HduState:
    """Cards of one HDU and the checksum of its data."""

    cards: Mapping[str, CardValue]
    data_sha256: str


#: State of a file at one moment, by HDU.
FileState = dict[str, HduState]


def state_of(path: Path) -> FileState:
    """Read the present state of a file.

    Raises
    ------
    UnreadableFileError
        When it is no FITS file.
    """
    from astropy.io import fits

    states: FileState = {}
    try:
        with fits.open(path, memmap=False, lazy_load_hdus=False) as hdus, path.open("rb") as raw:
            for hdu in hdus:
                info = hdu.fileinfo()
                raw.seek(info["datLoc"])
                data = _checksum(raw, info["datSpan"])
                states[_free_name(states, hdu)] = HduState(_cards(hdu.header), data)
    except (OSError, fits.VerifyError) as error:
        raise UnreadableFileError(path, f"its headers cannot be compared ({error})") from error
    return states


def changes_between(before: FileState, after: FileState) -> CardChanges:
    """Compare two states HDU by HDU; equal HDUs are left out."""
    nothing = HduState({}, "")
    names = dict.fromkeys((*before, *after))
    found = {
        name: _hdu_changes(before.get(name, nothing), after.get(name, nothing)) for name in names
    }
    return CardChanges({name: changes for name, changes in found.items() if not changes.is_empty})


def _hdu_changes(before: HduState, after: HduState) -> HduChanges:
    old, new = before.cards, after.cards
    return HduChanges(
        added={key: value for key, value in new.items() if key not in old},
        removed={key: value for key, value in old.items() if key not in new},
        changed={key: (value, new[key]) for key, value in old.items() if _differs(key, value, new)},
        pixels_changed=before.data_sha256 != after.data_sha256,
    )


def _differs(key: str, value: CardValue, new: Mapping[str, CardValue]) -> bool:
    # True == 1 in Python, but T and 1 are different cards.
    return key in new and (new[key] != value or type(new[key]) is not type(value))


def _free_name(states: FileState, hdu: Any) -> str:  # noqa: ANN401 - astropy has no types
    name = hdu.name or f"HDU{len(states)}"
    full = name if name == "PRIMARY" else f"{name},{hdu.ver}"
    return full if full not in states else f"{full} #{len(states)}"


def _cards(header: Header) -> dict[str, CardValue]:
    cards: dict[str, CardValue] = {}
    for key in dict.fromkeys(header.keys()):
        if key in _COMMENTARY:
            cards[key or "(blank)"] = [str(line) for line in header[key]]
        else:
            cards[key] = _plain(header[key])
    return cards


def _plain(value: object) -> CardValue:
    """Convert a value for JSON; an undefined value is None."""
    from astropy.io.fits.card import Undefined

    if value is None or isinstance(value, Undefined):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def _checksum(stream: Any, length: int) -> str:  # noqa: ANN401 - any binary stream
    digest = hashlib.sha256()
    left = length
    while left > 0:
        block = stream.read(min(left, _CHUNK_BYTES))
        if not block:
            break
        digest.update(block)
        left -= len(block)
    return digest.hexdigest()
