"""What tools look up again and again is found as they find it."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator

import pytest
from astropy.io.fits import Card, Header
from stsci.tools import cfgpars

from skydb.drizzle.tasks.lookups import (
    copy_headers_whole,
    count_on_few_cards,
    find_cards_by_index,
    find_parameter_files_once,
    pass_sound_cards,
)

_KEYWORDS = ["SIMPLE", "NAXIS", "naxis1", "EXTNAME", "COMMENT", "HISTORY", "", "hierarch far away"]


@pytest.fixture
def by_comparison(monkeypatch: pytest.MonkeyPatch):
    """The search of astropy, in place of which the other one is put for a test."""
    real = getattr(Header.index, "__wrapped__", Header.index)
    monkeypatch.setattr(Header, "index", real)
    find_cards_by_index()
    assert Header.index is not real
    return real


def _place(search, *arguments) -> int | str:
    try:
        return search(*arguments)
    except (ValueError, IndexError) as error:
        return str(error)


def _change(header: Header, chance: random.Random, step: int) -> None:
    """Change something in a header, as tools do."""
    keyword = chance.choice(_KEYWORDS)
    match chance.randrange(6):
        case 0:
            header.insert(chance.randrange(len(header) + 1), (keyword, step))
        case 1:
            header[keyword] = step
        case 2:
            header.remove(keyword, ignore_missing=True)
        case 3:
            del header[chance.randrange(len(header))]
        case 4 if "EXTNAME" in header:
            header.rename_keyword("EXTNAME", f"NEW{step}")
        case _:
            header.append((keyword, step), bottom=chance.random() < 0.5)


def _first_header() -> Header:
    return Header([Card("D2IM1.EXTVER", 1.0), ("DP1", "EXTVER: 2"), ("dp1", "NAXES: 2")])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(20))
def test_a_card_is_found_where_a_comparison_of_all_finds_it(by_comparison, seed: int) -> None:
    chance, header = random.Random(seed), _first_header()
    for step in range(60):
        _change(header, chance, step)
        header = chance.choice([header, header.copy(), Header.fromstring(header.tostring())])
        for asked in (*_KEYWORDS, "DP1", "DP1.EXTVER", "D2IM1.EXTVER", f"NEW{step}", "GONE"):
            for limits in ((), (2,), (0, 3)):
                wanted = _place(by_comparison, header, asked, *limits)
                assert _place(header.index, asked, *limits) == wanted, (asked, limits)


def _known_places(header: Header) -> list[dict[str, list[int]]]:
    """Where a header thinks that its keywords are."""
    both = (header._keyword_indices, header._rvkc_indices)
    return [{name: list(places) for name, places in one.items() if places} for one in both]


def _history(seed: int) -> list[object]:
    """All that becomes of a header by many changes, some of them of a copy."""
    chance, header, seen = random.Random(seed), _first_header(), list[object]()
    for step in range(80):
        before = header
        header = header.copy(strip=chance.random() < 0.1) if chance.random() < 0.3 else header
        was = before.tostring()
        _change(header, chance, step)
        seen += [header.tostring(), _known_places(header), header._modified]
        seen += [before is header or before.tostring() == was, _known_places(before)]
    return seen


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(30))
def test_headers_are_changed_and_copied_as_ever(monkeypatch, seed: int) -> None:
    for name in ("_updateindices", "copy"):
        real = getattr(Header, name)
        monkeypatch.setattr(Header, name, getattr(real, "__wrapped__", real))
    wanted = _history(seed)
    count_on_few_cards()
    copy_headers_whole()
    assert all(hasattr(getattr(Header, name), "__wrapped__") for name in ("_updateindices", "copy"))
    assert _history(seed) == wanted


def test_a_header_of_another_class_is_copied_by_its_own_means(monkeypatch) -> None:
    class Own(Header):
        def __init__(self, *given: object, **named: object) -> None:
            super().__init__(*given, **named)
            self.is_own = True

    monkeypatch.setattr(Header, "copy", getattr(Header.copy, "__wrapped__", Header.copy))
    copy_headers_whole()
    copied = Own([("NAXIS", 2)]).copy()
    assert type(copied) is Own and copied.is_own and copied["NAXIS"] == 2


def test_parameter_files_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def look(package: str, ending: str, taskName: str | None = None) -> str:  # noqa: N803
        asked.append((package, ending))
        return f"{package}/{taskName}{ending}"

    monkeypatch.setattr(cfgpars, "findCfgFileForPkg", look)
    find_parameter_files_once()
    find_parameter_files_once()
    for task in ("tweakreg", "imagefindpars", "tweakreg"):
        found = cfgpars.findCfgFileForPkg("drizzlepac", ".cfg", taskName=task)
        assert found == f"drizzlepac/{task}.cfg"
    assert len(asked) == 2


#: Cards as files have them; of the second list each has something wrong with it.
_SOUND = [
    "SIMPLE  =                    T / conforms to FITS", "NAXIS1  =                 1014",
    "HISTORY a line", "COMMENT = more", "", "HIERARCH far away = 1",
    "ROOTNAME= 'ibxl50clq'  / name", "DP1     = 'EXTVER: 1.0' / record",
    "EXPTIME =               1.0E+2", "CONTINUE  'more'",
    "LONG    = 'a long&'".ljust(80) + "CONTINUE  ' string' / and more",
]  # fmt: skip
_WRONG = [
    "naxis1  = 3", "NAXIS1= 3", "BAD KEY =   1", "VALUE   = nothing", "TEXT    = 'no end",
    "HISTORY caf\xe9", "NAME    =   1 / caf\xe9", "EXPTIME = 1.0e2", "no card at all\x00 = '",
]  # fmt: skip


def _look_at(text: str, option: str, change: int) -> list[object]:
    """What is said of a card that was read, and what becomes of it."""
    card, said = Card.fromstring(text), list[object]()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for step in (
            lambda: change == 1 and setattr(card, "comment", "new"),
            lambda: card.verify(option),
            lambda: change == 2 and setattr(card, "value", 3),
            lambda: card.verify(option),
            lambda: card.image,
            lambda: (card.keyword, card.value, card.comment),
            lambda: Header([card]).tostring(),
        ):
            try:
                said.append(repr(step()))
            except Exception as error:  # noqa: BLE001 - compared with the other's
                said.append((type(error).__name__, str(error)))
    return [*said, *(str(one.message) for one in heard)]


@pytest.fixture
def by_rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[tuple[str, str, int], list[object]]]:
    """What astropy says of every card, and from then on the other one speaks."""
    monkeypatch.setattr(Card, "_verify", getattr(Card._verify, "__wrapped__", Card._verify))
    said = {
        (text, option, change): _look_at(text, option, change)
        for text in (*_SOUND, *_WRONG)
        for option in ("warn", "fix+warn", "silentfix", "exception", "ignore")
        for change in range(3)
    }
    pass_sound_cards()
    yield said


@pytest.mark.parametrize("seed", range(4))
def test_a_card_that_is_known_to_be_sound_is_as_sound_as_ever(by_rules, seed: int) -> None:
    cases = 3 * list(by_rules)
    random.Random(seed).shuffle(cases)
    for case in cases:
        assert _look_at(*case) == by_rules[case], case


def test_sound_cards_are_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = getattr(Card._verify, "__wrapped__", Card._verify), list[str]()

    def verify(card, option="warn"):
        seen.append(card._image)
        return real(card, option)

    monkeypatch.setattr(Card, "_verify", verify)
    pass_sound_cards()
    del seen[:]
    for text in 2 * [_SOUND[1], _SOUND[6], _WRONG[3]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Card.fromstring(text).verify("warn")
    assert [text.strip() for text in seen] == [_SOUND[1], _SOUND[6], _WRONG[3], _WRONG[3]]
