import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import UnreadableFileError
from skydb.files.carddiff import HduState, changes_between, state_of
from skydb.files.structure import HduRecord

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9))
CARDS = st.dictionaries(
    st.sampled_from("ABCDEFG"), st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
)


def state(cards, data_sha256):
    """State of an HDU with these cards."""
    return HduState(HduRecord(fits.Header(cards).tostring().encode(), 0, 0), data_sha256)


STATES = st.dictionaries(
    st.sampled_from(["PRIMARY", "SCI,1", "SCI,2"]),
    st.builds(state, CARDS, st.sampled_from(["one", "other"])),
)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "ibxl50aaq_flt.fits"
    science = fits.ImageHDU(np.arange(12.0, dtype="f4").reshape(3, 4), name="SCI", ver=1)
    science.header["CRVAL1"], science.header["WCSNAME"] = 85.25, "IDC_w3m18525i"
    science.header.add_history("made here")
    quality = fits.ImageHDU(np.zeros((3, 4), "i2"), name="DQ", ver=1)
    fits.HDUList([fits.PrimaryHDU(), science, quality]).writeto(path)
    return path


def changes(path, change):
    before = state_of(path)
    with fits.open(path, "update") as hdus:
        change(hdus)
    return changes_between(before, state_of(path))


def test_a_file_that_is_only_read_has_no_changes(image):
    assert changes(image, lambda hdus: hdus["SCI"].data.sum()).hdus == {}


def test_cards_that_were_added_removed_and_changed_are_told_with_their_values(image):
    def change(hdus):
        header = hdus["SCI"].header
        header["MDRIZSKY"] = 1.25
        header["CRVAL1"] = 85.26
        del header["WCSNAME"]

    found = changes(image, change)
    assert found.as_document() == {
        "SCI,1": {
            "added": {"MDRIZSKY": 1.25},
            "removed": {"WCSNAME": "IDC_w3m18525i"},
            "changed": {"CRVAL1": [85.25, 85.26]},
        }
    }
    assert (found.added, found.removed, found.changed, found.pixels_changed) == (1, 1, 1, False)


def test_one_flag_of_one_pixel_is_a_change_of_pixels(image):
    def change(hdus):
        hdus["DQ"].data[1, 1] = 4096

    assert changes(image, change).as_document() == {"DQ,1": {"pixels_changed": True}}


def test_lines_of_history_are_compared_as_a_whole(image):
    found = changes(image, lambda hdus: hdus["SCI"].header.add_history("and there"))
    assert found.as_document()["SCI,1"]["changed"] == {
        "HISTORY": [["made here"], ["made here", "and there"]]
    }


def test_an_undefined_card_is_no_value_and_a_flag_is_no_number(image):
    with fits.open(image, "update") as hdus:
        hdus[0].header["NOTHING"], hdus[0].header["FLAG"] = None, True
    found = changes(image, lambda hdus: hdus[0].header.update(NOTHING=1, FLAG=1))
    assert found.as_document()["PRIMARY"]["changed"] == {"NOTHING": [None, 1], "FLAG": [True, 1]}


@pytest.mark.parametrize("card", [b"85.25 or so", b"85.25 \xe9", b"1\t2", b"\0"])
def test_a_card_that_is_no_card_is_compared_as_it_stands(image, card):
    before = state_of(image)
    content = image.read_bytes()
    at = content.index(b"CRVAL1  =")
    written = (b"CRVAL1  = " + card).ljust(80)
    image.write_bytes(content[:at] + written + content[at + 80 :])
    found = changes_between(before, state_of(image)).hdus["SCI,1"].changed
    assert found == {"CRVAL1": (85.25, written.decode("ascii", "replace").replace("\ufffd", "?"))}


def test_headers_that_did_not_change_are_not_parsed(image, monkeypatch):
    before = state_of(image)
    with fits.open(image, "update") as hdus:
        hdus["DQ"].data[0, 0] = 1
    monkeypatch.delattr("skydb.files.carddiff._cards")
    assert changes_between(before, state_of(image)).pixels_changed


def test_an_extension_that_came_or_went_is_told(image):
    def swap(hdus):
        del hdus["DQ"]
        hdus.append(fits.ImageHDU(np.ones((2, 2)), name="WCSDVARR", ver=1))

    found = changes(image, swap)
    assert set(found.hdus) == {"DQ,1", "WCSDVARR,1"}
    assert found.hdus["DQ,1"].removed["EXTNAME"] == "DQ"
    assert found.hdus["WCSDVARR,1"].added["EXTNAME"] == "WCSDVARR"
    assert found.pixels_changed


def test_two_extensions_of_one_name_stay_apart(tmp_path):
    path = tmp_path / "twins.fits"
    twins = [fits.ImageHDU(np.ones((2, 2)), name="SCI", ver=1) for _ in range(2)]
    fits.HDUList([fits.PrimaryHDU(), *twins]).writeto(path)
    assert list(state_of(path)) == ["PRIMARY", "SCI,1", "SCI,1 #2"]


def test_what_is_no_fits_file_has_no_state(tmp_path):
    path = tmp_path / "note.fits"
    path.write_text("nothing of the kind")
    with pytest.raises(UnreadableFileError, match=r"note\.fits: its headers cannot be compared"):
        state_of(path)


@given(STATES)
def test_a_state_differs_in_nothing_from_itself(state):
    assert changes_between(state, state).hdus == {}


@given(STATES, STATES)
def test_the_way_back_undoes_the_way_there(before, after):
    there, back = changes_between(before, after), changes_between(after, before)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert there.changed == back.changed
    assert there.pixels_changed is back.pixels_changed
