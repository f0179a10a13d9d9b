"""Look-ups that tools repeat, with the answers that they give, in less time."""

from __future__ import annotations

import functools
from typing import Any

#: Texts of cards that are kept, some 10 MB.
_MOST_TEXTS = 50_000


def find_cards_by_index() -> None:
    """Let ``Header.index`` use the places of keywords that every header keeps.

    It compares all cards one by one, and astropy asks it for a dozen keywords of every HDU that
    it checks, a fifth of TweakReg's time on small products.
    """
    from astropy.io.fits import Card, Header

    by_comparison = Header.index
    if not hasattr(Header(), "_keyword_indices") or hasattr(by_comparison, "__wrapped__"):
        return

    @functools.wraps(by_comparison)
    def index(header: Any, keyword: str, start: Any = None, stop: Any = None) -> int:  # noqa: ANN401
        if start is not None or stop is not None:
            return int(by_comparison(header, keyword, start, stop))
        places = header._keyword_indices.get(Card.normalize_keyword(keyword))
        if places:
            return int(places[0])
        raise ValueError(f"The keyword {keyword!r} is not in the  header.")

    Header.index = index


def count_on_few_cards() -> None:
    """Let ``Header._updateindices`` go through the cards that a change has moved, not through all.

    Most cards are put at the end, before a few of HISTORY, and it looks at the places of all
    keywords each time, a tenth of the time that it takes to blend the headers of a mosaic.
    """
    from astropy.io.fits import Card, Header

    by_keywords = Header._updateindices
    places = ("_cards", "_keyword_indices", "_rvkc_indices")
    if not all(hasattr(Header(), name) for name in places) or hasattr(by_keywords, "__wrapped__"):
        return

    @functools.wraps(by_keywords)
    def update(header: Any, idx: int, increment: bool = True) -> None:  # noqa: ANN401
        moved = header._cards[idx:]
        if 2 * len(moved) > len(header._cards):
            by_keywords(header, idx, increment)
            return
        step = 1 if increment else -1
        keywords = {Card.normalize_keyword(card.keyword) for card in moved}
        records = {card.rawkeyword for card in moved if card.field_specifier is not None}
        for known, names in ((header._keyword_indices, keywords), (header._rvkc_indices, records)):
            for name in names & known.keys():
                known[name] = [place + step if place >= idx else place for place in known[name]]

    Header._updateindices = update


def copy_headers_whole() -> None:
    """Let ``Header.copy`` copy the places of keywords with the cards, and not find them again."""
    from astropy.io.fits import Header

    card_by_card = Header.copy
    empty = Header()
    state = {"_cards", "_keyword_indices", "_rvkc_indices", "_modified"}
    if vars(empty).keys() != state or hasattr(card_by_card, "__wrapped__"):
        return

    @functools.wraps(card_by_card)
    def copy(header: Any, strip: bool = False) -> Any:  # noqa: ANN401 - of its own class
        if type(header) is not Header:
            return card_by_card(header, strip)
        new = Header()
        new._cards = [_copied(card) for card in header._cards]
        for name in ("_keyword_indices", "_rvkc_indices"):
            getattr(new, name).update(
                (keyword, list(places)) for keyword, places in vars(header)[name].items() if places
            )
        if strip:
            new.strip()
        return new

    Header.copy = copy


def _copied(card: Any) -> Any:  # noqa: ANN401 - astropy's own card
    """Do what ``copy.copy`` does with an object that has no way of its own."""
    new = object.__new__(type(card))
    vars(new).update(vars(card))
    return new


def pass_sound_cards() -> None:
    """Let ``Card.verify`` know again the texts of cards that it has found nothing wrong with.

    It takes a card apart by five expressions whenever a header is written, turned into text or
    closed with its file, and the headers of a task are the same few, read again and again.
    """
    from astropy.io.fits import Card

    by_rules = Card._verify
    plain = Card("PLAIN", 1)
    state = ("_image", "_verified", "_modified", "_valuemodified", "_invalid")
    if not all(hasattr(plain, name) for name in state) or hasattr(by_rules, "__wrapped__"):
        return
    no_errors, sound = type(by_rules(plain)), set[str]()

    @functools.wraps(by_rules)
    def verify(card: Any, option: str = "warn") -> Any:  # noqa: ANN401 - astropy's own list
        text = card._image
        is_as_read = not (card._modified or card._valuemodified or card._invalid)
        if is_as_read and text in sound:
            card._verified = True
            return no_errors()
        errors = by_rules(card, option)
        if is_as_read and not errors and not card._invalid and isinstance(text, str):
            if len(sound) >= _MOST_TEXTS:
                sound.clear()
            sound.add(text)
        return errors

    Card._verify = verify


def find_parameter_files_once() -> None:
    """Keep the places of installed parameter files, for which TEAL reads all of a package."""
    from stsci.tools import cfgpars

    if not hasattr(cfgpars.findCfgFileForPkg, "cache_info"):
        cfgpars.findCfgFileForPkg = functools.cache(cfgpars.findCfgFileForPkg)
