"""HDUs of a file, of which only a few cards and bytes are looked at."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from skydb.files.structure import HduRecord, open_skeleton
from tests.files.builders import ImageBuilder

FILLING = ("XTENSION= 'IMAGE   '", *(f"KEY{number}    = {number}" for number in range(6)))


def hdu(*images: str) -> HduRecord:
    text = "".join(image.ljust(80) for image in (*images, "END"))
    return HduRecord(text.ljust(-(-len(text) // 2880) * 2880).encode(), 0, 0)


@pytest.mark.parametrize(
    ("cards", "value"),
    [
        (("NAXIS   = 2", *FILLING, "NAXIS   = 3"), 2),
        ((*FILLING, "COMMENT", "NAXIS   = 3"), 3),
        ((*FILLING, "NAXIS   = 'a&'", "CONTINUE  'b'"), "ab"),
        (("NAXIS   = 'AXIS: 1'", *FILLING, "NAXIS   = 2"), 2),
        (("NAXIS   = 2.0", *FILLING), 2.0),
        (("NAXIS   =", *FILLING), None),
    ],
)
def test_an_early_card_has_the_value_that_the_whole_header_gives(
    cards: tuple[str, ...], value: object
) -> None:
    record = hdu(*cards)
    assert record.early("NAXIS") == value
    assert record.early("NAXIS") == record.scanned["NAXIS"] == record.early("NAXIS")
    assert record.early("NONE", 5) == 5
    with pytest.raises(KeyError):
        hdu(*cards).early("NONE")


def test_an_early_card_is_read_without_the_others() -> None:
    record = hdu("NAXIS   = 2", *FILLING, "LATER   = 1")
    assert record.early("NAXIS") == 2
    assert "scanned" not in record.__dict__
    assert record.early("LATER") == 1


def test_a_keyword_is_sought_in_any_spelling_until_the_cards_are_read() -> None:
    record = hdu("NAXIS   = 2", "COMMENT of a datasum")
    assert record.may_have("CHECKSUM", "DATASUM")
    assert not record.may_have("CHECKSUM")
    assert not record.scanned.keys() & {"DATASUM"}
    assert not record.may_have("CHECKSUM", "DATASUM")


def test_pieces_of_an_image_are_the_same_packed_and_at_the_end_of_a_file(
    image: ImageBuilder, tmp_path: Path
) -> None:
    path, packed = image.write(), tmp_path / "packed_flt.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    found = []
    for one in (path, packed):
        with open_skeleton(one) as skeleton:
            last = skeleton.hdus[-1]
            first = last.data_bytes - 100
            # As of a file that was cut after its headers were read.
            end = last.data_bytes + 2880 * 2
            found.append([*skeleton.blocks_of(last, first, end, 64)])
            assert b"".join(found[-1]).startswith(skeleton.data_of(last)[first:])
    assert found[0] == found[1]
