"""The cards of a header mean what astropy says that they mean."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.files.cardnames import Keywords
from skydb.files.cardscan import ScannedHeader
from skydb.files.structure import open_skeleton

COMMENTARY = ("", "COMMENT", "HISTORY")
#: Of a card that should not stand where it stands nobody asks for the value.
ASTRAY = ("CONTINUE", "END")
#: With these, astropy takes a keyword for a pattern, for a record and its field, or for another.
WILD = frozenset("*?. ")

KEYWORDS = st.one_of(
    st.text("ABCXYZ0129_-", min_size=1, max_size=8),
    st.sampled_from(["DP1", "CRVAL1", "COMMENT", "HISTORY", "", "HIERARCH ESO ins Temp", "END1"]),
)
VALUES = st.one_of(
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.complex_numbers(allow_nan=False, allow_infinity=False, max_magnitude=1e9),
    st.text(" ab'/&:=1.", max_size=180),
    st.sampled_from(["AXIS.1: 2", "EXTVER: 1.0", "x: y", fits.card.Undefined(), "it''s", "N/A "]),
)
COMMENTS = st.text(" abc'/=(mas):", max_size=60)

#: Cards as no writer should make them.
FIELDS = st.one_of(
    st.sampled_from(
        ["KEY", "KEY     ", "key     ", "  KEY   ", "COMMENT ", "history ", "CONTINUE", " " * 8]
    ),
    st.text("AKEY1 =.'", max_size=8),
)
BODIES = st.one_of(
    st.text(" '/&TF01.+-EeDd:AXIS(),=é\t", max_size=72),
    st.from_regex(r"= {1,9}[+-]?[0-9]{1,4}(\.[0-9]{0,3})?([EDed][+-]?[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"= {0,9}'[ a':/&]{0,20}' {0,3}(/ ?[a']{0,9})?", fullmatch=True),
    st.from_regex(r"= {0,4}'(AXIS\.[12]|EXTVER): {0,2}[12](\.0?)?'? {0,2}(/ a)?", fullmatch=True),
)


def block(*images: str) -> bytes:
    """A header of these cards, with its END and its padding."""
    text = "".join(image.ljust(80)[:80] for image in images) + "END".ljust(80)
    return text.ljust(-(-len(text) // 2880) * 2880).encode("latin-1")


def outcome(ask: Callable[[], object]) -> tuple[str, object]:
    """Answer with its type, or the kind of refusal."""
    try:
        answer = ask()
    except (fits.VerifyError, ValueError) as error:
        return type(error).__name__, None
    return type(answer).__name__, answer


def names(header: fits.Header) -> Iterator[str]:
    for card in header.cards:
        keyword = fits.Card.normalize_keyword(card.keyword)
        yield (card.field_specifier and card.rawkeyword) or keyword


def assert_same(header_bytes: bytes) -> None:
    """Compare all answers of both."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = header_bytes.decode("ascii", "replace").replace("\ufffd", "?")
        expected, found = fits.Header.fromstring(text), ScannedHeader(header_bytes)
        assert list(found) == list(dict.fromkeys(names(expected)))
        for name in found:
            if name in COMMENTARY:
                lines = [card.value for card in expected.cards if card.keyword.upper() == name]
                assert found[name].split("\n") == (lines or [""])
            elif name not in ASTRAY and not WILD & set(name):
                both = outcome(lambda name=name: expected[name])
                assert outcome(lambda name=name: found[name]) == both, name
                comments = outcome(lambda name=name: expected.comments[name])
                assert outcome(lambda name=name: found.comments[name]) == comments, name


@given(st.lists(st.tuples(KEYWORDS, VALUES, COMMENTS), max_size=12))
def test_whatever_astropy_writes_is_read_as_astropy_reads_it(cards) -> None:
    header = fits.Header()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value, comment in cards:
            # Not every combination can be written, such as a number in a HISTORY.
            try:
                card = fits.Card(keyword, value, comment)
                card.verify("exception")
                header.append(fits.Card.fromstring(str(card)), end=True)
            except (ValueError, fits.VerifyError):
                continue
        content = header.tostring().encode("ascii")
    assert_same(content)


@given(st.lists(st.tuples(FIELDS, BODIES), max_size=8))
def test_cards_that_break_the_standard_are_read_or_refused_as_astropy_does(cards) -> None:
    assert_same(block(*(field + body for field, body in cards)))


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=80), max_size=4))
def test_bytes_that_are_no_cards_are_read_or_refused_as_astropy_does(images) -> None:
    assert_same(block(*images))


@pytest.mark.parametrize(
    ("image", "value"),
    [
        ("KEY     =                    5 / five", 5),
        ("KEY     =                  007", 7),
        ("KEY     =              -1.5D-3", -0.0015),
        ("KEY     =                    T", True),
        ("KEY     = 'padded   '", "padded"),
        ("KEY     = '        '", ""),
        ("KEY     =                      / nothing", None),
        ("KEY     = 'it''s'", "it's"),
        ("KEY     = 'no: 1'", "no: 1"),
        ("KEY     = (1, 2)", 1 + 2j),
        ("KEY     = 'a/b' / c'd", "a/b"),
        ("KEY= 3", 3),
    ],
)
def test_a_value_is_parsed_to_its_type(image: str, value: object) -> None:
    assert outcome(lambda: ScannedHeader(block(image))["KEY"]) == (type(value).__name__, value)
    assert_same(block(image))


def test_the_first_of_several_counts_and_history_has_all_its_lines() -> None:
    header = ScannedHeader(block("KEY     = 1", "HISTORY one", "KEY     = 2", "HISTORY   two"))
    assert (header["KEY"], header["HISTORY"]) == (1, "one\n  two")
    assert header.repeated == {"KEY", "HISTORY"}
    assert "NONE" not in header and header.get("NONE", 3) == 3


def test_a_long_text_goes_on_in_the_next_card() -> None:
    header = ScannedHeader(block("KEY     = 'one &'", "CONTINUE  'two' / long", "NEXT    = 1"))
    assert (header["KEY"], header["NEXT"], list(header)) == ("one two", 1, ["KEY", "NEXT"])


def test_headers_that_begin_alike_share_their_keywords_and_no_value() -> None:
    images = ["KEY     = {number}", "HISTORY one", "LONG    = 'a&'", "CONTINUE  'b'", "KEY     = 7"]
    headers = [ScannedHeader(block(*[one.format(number=n) for one in images])) for n in (1, 2)]
    assert headers[0].keywords is headers[1].keywords
    assert [header["KEY"] for header in headers] == [1, 2]
    assert {(*header, header["LONG"]) for header in headers} == {("KEY", "HISTORY", "LONG", "ab")}


def test_keywords_of_a_long_header_are_not_kept() -> None:
    headers = [ScannedHeader(block(*["HISTORY a"] * count)) for count in (2000, 2000, 2001, 2001)]
    kept, again, one, other = (header.keywords for header in headers)
    assert kept is again
    assert one is not other
    assert one.once(len_of_names) == other.once(len_of_names) == 2001


def len_of_names(keywords: Keywords) -> int:
    return len(keywords.names)


@pytest.mark.parametrize("image", ["HIERARCH ESO {} = 1", "key     = {}", "END     {}", "{}"])
def test_headers_share_no_keywords_that_the_whole_card_decides(image: str) -> None:
    for text in ("a b", "", "ins"):
        assert_same(block(image.format(text), "NEXT    = 1"))


def test_the_cards_end_where_end_stands_alone() -> None:
    cut = "KEY     = 'END'".ljust(77) + "END"
    header = ScannedHeader(block(cut, "", "OTHER   = 1") + block("LATER   = 1"))
    assert list(header) == ["KEY", "", "OTHER"]


def test_a_card_that_cannot_be_parsed_is_refused_only_when_it_is_asked_for() -> None:
    header = ScannedHeader(block("BAD     = no value", "GOOD    = 1"))
    assert header["GOOD"] == 1
    with pytest.raises(fits.VerifyError):
        header["BAD"]


def test_records_are_told_by_their_field() -> None:
    cards = ("DP1     = 'EXTVER: 2'", "DP1     = 'AXIS.1: 1.0' / x", "DP1     = 'AXIS.1: 9'")
    odd = "DP1     = 'NAXES:  +2.5E0'"
    assert ScannedHeader(block(*cards, odd, "DP1     = 'no record'")).records("DP1") == {
        "EXTVER": 2.0,
        "AXIS.1": 1.0,
        "NAXES": 2.5,
    }


@pytest.mark.parametrize("name", ["wfc3_ir_flt_stub.fits", "wfc3_uvis_flc_stub.fits"])
def test_the_headers_of_real_exposures_are_read_as_astropy_reads_them(
    test_data: Path, name: str
) -> None:
    with open_skeleton(test_data / name) as skeleton:
        for hdu in skeleton.hdus:
            assert_same(hdu.header_bytes)
