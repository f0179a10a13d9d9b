"""What tools look up again and again is found as they find it."""

from __future__ import annotations

import random

import pytest
from astropy.io.fits import Card, Header
from stsci.tools import cfgpars

from skydb.drizzle.tasks.lookups import find_cards_by_index, find_parameter_files_once

_KEYWORDS = ["SIMPLE", "NAXIS", "naxis1", "EXTNAME", "COMMENT", "HISTORY", "", "hierarch far away"]


@pytest.fixture
def by_comparison(monkeypatch: pytest.MonkeyPatch):
    """The search of astropy, in place of which the other one is put for a test."""
    real = Header.index
    monkeypatch.setattr(Header, "index", real)
    find_cards_by_index()
    assert Header.index is not real
    return real


def _place(search, *arguments) -> int | str:
    try:
        return search(*arguments)
    except (ValueError, IndexError) as error:
        return str(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(20))
def test_a_card_is_found_where_a_comparison_of_all_finds_it(by_comparison, seed: int) -> None:
    chance = random.Random(seed)
    header = Header([Card("D2IM1.EXTVER", 1.0), ("DP1", "EXTVER: 2"), ("dp1", "NAXES: 2")])
    for step in range(60):
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
        header = chance.choice([header, header.copy(), Header.fromstring(header.tostring())])
        for asked in (*_KEYWORDS, "DP1", "DP1.EXTVER", "D2IM1.EXTVER", f"NEW{step}", "GONE"):
            for limits in ((), (2,), (0, 3)):
                wanted = _place(by_comparison, header, asked, *limits)
                assert _place(header.index, asked, *limits) == wanted, (asked, limits)


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
