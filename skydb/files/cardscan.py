"""Headers read straight from their 80-byte cards.

:class:`astropy.io.fits.Header` makes an object of every card before the first value can be
asked for; a ledger wants some sixty values of six hundred cards. Here a header is cut into
cards and indexed by keyword, and a value is parsed when it is asked for. Cards of the plain
kind are parsed here (FITS standard 4.0, sections 4.1 and 4.2); all others, such as CONTINUE,
HIERARCH, doubled quotes, complex numbers and record-valued cards, are left to astropy, so
that there is one meaning of a card and not two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from astropy.io import fits

from skydb.files.cardnames import CARD, COMMENTARY, is_plain, keywords_of

_PLAIN_VALUE = re.compile(
    r" *(?:'([ -&(-~]*)'|([+-]?[0-9]+)|([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[EDed][+-]?[0-9]+)?)"
    r"|([TF]))? *(?:/[^\n]*)?\Z"
)
_PLAIN_RECORD = re.compile(r" *'([A-Za-z_]\w*(?:\.\w+)*): +([0-9]+(?:\.[0-9]*)?)' *(?:/[ -~]*)?\Z")
_EXPONENTS = str.maketrans("Dd", "Ee")
_NOT_PLAIN = object()


class ScannedHeader(Mapping[str, Any]):
    """The cards of one header by keyword; of several with one keyword the first counts.

    Values are those of astropy: text without its padding, a number, a truth value, or None
    when a card has none. COMMENT and HISTORY have the text of all their cards. Asking for a
    card that cannot be parsed raises :class:`astropy.io.fits.VerifyError`.

    Parameters
    ----------
    header_bytes : bytes
        The header with its END card; bytes outside ASCII count as '?'.
    """

    def __init__(self, header_bytes: bytes) -> None:
        self._text = header_bytes.decode("ascii", "replace").replace("\ufffd", "?")
        self.keywords = keywords_of(header_bytes, self._text)
        self._first = self.keywords.first
        self._values: dict[str, Any] = {}

    def __contains__(self, keyword: object) -> bool:
        return keyword in self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def __getitem__(self, keyword: str) -> Any:  # noqa: ANN401, a card holds anything
        # Each check of a header asks for the same few cards again.
        if keyword in self._values:
            return self._values[keyword]
        value = self._values[keyword] = self._read(keyword)
        return value

    def get(self, keyword: str, default: Any = None) -> Any:  # noqa: ANN401, a card holds anything
        """Value of a card, or the default when there is none of this keyword."""
        if keyword in self._values:
            return self._values[keyword]
        return self[keyword] if keyword in self._first else default

    @property
    def comments(self) -> Mapping[str, str]:
        """Comments of the cards by keyword."""
        return _Comments(self)

    @property
    def repeated(self) -> frozenset[str]:
        """Keywords of more than one card."""
        return self.keywords.repeated

    def values_of(self, keyword: str) -> list[Any]:
        """Values of all cards of one keyword; a card that cannot be parsed is its text."""
        return [_value_alone(image) for image in self._all(keyword)]

    def image(self, keyword: str) -> str | None:
        """The first card of a keyword as it stands, or None when there is none."""
        place = self._first.get(keyword)
        return None if place is None else self._text[place]

    def records(self, keyword: str) -> dict[str, float]:
        """Record-valued cards of one keyword by their field (FITS WCS paper IV, section 2.3).

        ``DP1 = 'AXIS.1: 2'`` is the field ``AXIS.1`` of DP1; of several the first counts.
        """
        found: dict[str, float] = {}
        for image in self._all(keyword):
            match = _PLAIN_RECORD.match(image, 10) if is_plain(image) else None
            if match:
                found.setdefault(match[1], float(match[2]))
                continue
            card = fits.Card.fromstring(image)
            # astropy finds out what kind of card it is when it is asked for the keyword.
            if card.keyword and card.field_specifier:
                found.setdefault(card.field_specifier, card.value)
        return found

    def card(self, keyword: str) -> fits.Card:
        """The card that counts, as astropy parses it: one with a plain value, if there is one.

        Raises
        ------
        KeyError
            When there is none of this keyword.
        """
        cards = [fits.Card.fromstring(image) for image in self._all(keyword)]
        plain = (card for card in cards if card.keyword and card.field_specifier is None)
        found = next(plain, cards[0] if cards else None)
        if found is None:
            raise KeyError(keyword)
        return found

    def _read(self, keyword: str) -> Any:  # noqa: ANN401, a card holds anything
        image = self._text[self._first[keyword]]
        if keyword in COMMENTARY:
            return "\n".join(one[8:].rstrip() for one in self._all(keyword))
        value = _plain_value(image)
        return self._as_astropy_has_it(keyword) if value is _NOT_PLAIN else value

    def _all(self, keyword: str) -> Iterator[str]:
        cards = zip(self.keywords.names, self.keywords.places, strict=True)
        return (self._text[place] for name, place in cards if name == keyword)

    def _as_astropy_has_it(self, keyword: str) -> object | None:
        card = self.card(keyword)
        value: object = card.value if card.field_specifier is None else card.rawvalue
        return None if isinstance(value, fits.card.Undefined) else value


@dataclass(frozen=True)
class _Comments(Mapping[str, str]):
    """Comments of a header's cards."""

    header: ScannedHeader

    def __getitem__(self, keyword: str) -> str:
        return str(self.header.card(keyword).comment)

    def __iter__(self) -> Iterator[str]:
        return iter(self.header)

    def __len__(self) -> int:
        return len(self.header)


def _plain_value(image: str) -> Any:  # noqa: ANN401, a card holds anything
    """Value of a card of the plain kind; of any other one what stands for that."""
    # With its continuations a card may be of any size, and is never plain.
    return _value_of(image) if len(image) == CARD else _NOT_PLAIN


# Cards of a distortion and of a detector are the same in many files.
@lru_cache(maxsize=8192)
def _value_of(image: str) -> Any:  # noqa: ANN401, a card holds anything
    """Value of a card of the plain kind; of any other one what stands for that."""
    match = _PLAIN_VALUE.match(image, 10) if is_plain(image) else None
    if match is None:
        return _NOT_PLAIN
    kind = match.lastindex
    if kind is None:
        return None
    found = match[kind]
    return _plain_text(found, image) if kind == _TEXT else _PLAIN[kind](found)


def _plain_text(text: str, image: str) -> Any:  # noqa: ANN401, a text or what is not plain
    # A record-valued card, or a text of which astropy seeks the end in the comment.
    if ": " in text or (not text and image.count("'") > 2):
        return _NOT_PLAIN
    return text.rstrip()


def _plain_number(text: str) -> float:
    return float(text.translate(_EXPONENTS) if "D" in text or "d" in text else text)


#: Kinds of values by their group in the pattern.
_TEXT = 1
_PLAIN: dict[int, Callable[[str], object]] = {2: int, 3: _plain_number, 4: "T".__eq__}


def _value_alone(image: str) -> Any:  # noqa: ANN401, a card holds anything
    value = _plain_value(image)
    if value is not _NOT_PLAIN:
        return value
    try:
        found: object = fits.Card.fromstring(image).value
    except (fits.VerifyError, ValueError):
        return image[10:].strip()
    return None if isinstance(found, fits.card.Undefined) else found
