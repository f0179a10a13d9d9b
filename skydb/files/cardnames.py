"""Keywords of a header, with the places of their cards.

Exposures of one camera have the same keywords in the same order, whatever the values. So all of
this is found once for all headers whose cards begin alike, as they do in a batch of files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np
from astropy.io import fits

CARD = 80
COMMENTARY = frozenset({"", "COMMENT", "HISTORY", "CONTINUE", "END"})
_END = b"END".ljust(CARD)
#: A plain keyword and the sign of a value, which say what the name of a card is.
_START = 10
_PLAIN_KEYWORD = re.compile(r"[A-Z0-9_-]+ *")
#: Headers are of few kinds; of a thousand cards, one takes some 200 kB. That of a mosaic with all
#: its history is like no other.
_MOST_HEADERS, _MOST_CARDS = 32, 2000
#: Names of cards by their start.
_NAMES: dict[str, str] = {}
_MOST_NAMES = 8192


_Found = TypeVar("_Found")


@dataclass(frozen=True, eq=False)
class Keywords:
    """The cards of one header, or of many that have the same keywords in the same order.

    Parameters
    ----------
    names : tuple of str
        Keyword of each card; CONTINUE cards belong to the one before them.
    places : tuple of slice
        Where each is in the text of the header.
    """

    names: tuple[str, ...]
    places: tuple[slice, ...]
    _found: dict[Any, Any] = field(default_factory=dict)

    def once(self, find: Callable[[Keywords], _Found]) -> _Found:
        """Answer of a function on these keywords, kept as long as they are.

        Parameters
        ----------
        find : callable
            Asked one time only.
        """
        if find not in self._found:
            self._found[find] = find(self)
        found: _Found = self._found[find]
        return found

    @cached_property
    def first(self) -> dict[str, slice]:
        """Place of the first card of each keyword, in order."""
        found: dict[str, slice] = {}
        for name, place in zip(self.names, self.places, strict=True):
            found.setdefault(name, place)
        return found

    @cached_property
    def repeated(self) -> frozenset[str]:
        """Keywords of more than one card."""
        cards = zip(self.names, self.places, strict=True)
        return frozenset(name for name, place in cards if self.first[name] is not place)

    @cached_property
    def of_sip(self) -> tuple[str, ...]:
        """Keywords that begin as those of SIP do; a pattern takes longer for all others."""
        return tuple(key for key in self.first if key.startswith(("A_", "B_", "AP_", "BP_")))


def keywords_of(header: bytes, text: str) -> Keywords:
    """Keywords of the cards up to END.

    Parameters
    ----------
    header : bytes
        The header with its END card.
    text : str
        The same as text, with '?' for each byte outside ASCII.
    """
    last = _end(header)
    known = None
    if last % CARD == 0 and 0 < last <= _MOST_CARDS * CARD:
        starts = np.frombuffer(header, np.uint8, last).reshape(-1, CARD)[:, :_START]
        known = _known(starts.tobytes())
    return known or _read(text[:last])


def is_plain(image: str) -> bool:
    """Whether a value begins where the standard wants it, and ends in the same card."""
    if len(image) != CARD:
        return False
    start = image[:_START]
    return start in _NAMES or (start.endswith("= ") and _plain_name(start[:8]) is not None)


def _end(header: bytes) -> int:
    """Offset of the END card, or of the end of the header."""
    at = header.find(_END)
    while at % CARD and at >= 0:
        at = header.find(_END, at + 1)
    return at if at >= 0 else len(header)


@lru_cache(maxsize=_MOST_HEADERS)
def _known(starts: bytes) -> Keywords | None:
    """Keywords of cards with these starts; None where these do not say what they are."""
    text = starts.decode("ascii", "replace").replace("\ufffd", "?")
    cards = [text[at : at + _START] for at in range(0, len(text), _START)]
    places = _places(cards, len(cards) * CARD)
    names = [_named_by(cards[place.start // CARD]) for place in places]
    plain = tuple(name for name in names if name is not None)
    return Keywords(plain, places) if len(plain) == len(names) else None


def _read(text: str) -> Keywords:
    places = _places([text[at : at + CARD] for at in range(0, len(text), CARD)], len(text))
    return Keywords(tuple(_name(text[place]) for place in places), places)


def _places(cards: Sequence[str], length: int) -> tuple[slice, ...]:
    """Cards, each with the CONTINUE cards that follow it, in a text of this length."""
    firsts = [n for n, card in enumerate(cards) if not n or not card.startswith("CONTINUE")]
    edges = [CARD * number for number in firsts] + [length]
    return tuple(map(slice, edges, edges[1:]))


def _named_by(start: str) -> str | None:
    """Keyword of a card by its start; None when the rest of the card says what it is."""
    known = _NAMES.get(start)
    if known is not None:
        return known
    name = _plain_name(start[:8])
    if name is None or name in COMMENTARY:
        return name
    if not start.endswith("= "):
        return None
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[start] = name
    return name


def _name(image: str) -> str:
    """Keyword of a card in capitals; of a record-valued card without its field."""
    name = _named_by(image[:_START])
    if name is not None:
        return name
    card = fits.Card.fromstring(image)
    keyword = str(fits.Card.normalize_keyword(card.keyword))
    return str(card.rawkeyword) if card.field_specifier and card.rawkeyword else keyword


# Cameras have some thousand keywords, and a field of eight characters means one thing.
@lru_cache(maxsize=8192)
def _plain_name(field: str) -> str | None:
    """Keyword in the first eight characters of a card; None when they may be something else."""
    name = field.strip().upper()
    if name in COMMENTARY:
        return name
    return field.rstrip() if _PLAIN_KEYWORD.fullmatch(field) else None
