"""Reading source lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.errors import ParseError
from skydb.files.coofile import SourceList, read_source_list


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("# Source catalog derived for a_drz.fits\n# Columns: ", SourceList("a_drz.fits", 2)),
        ("#Pixel positions for: a_drz.fits\n#X  Y", SourceList("a_drz.fits", 2)),
        ("#Sky positions for: a_drz.fits", SourceList("a_drz.fits", 2)),
        (
            "#Sky positions for cumulative reference catalog. Initial catalog from: a_drz.fits",
            SourceList("a_drz.fits", 2),
        ),
        ("", SourceList(None, 2)),
    ],
)
def test_a_list_tells_its_product_and_how_many_sources_it_has(tmp_path, head, expected):
    path = tmp_path / "a.coo"
    path.write_text(f"{head}\n85.1  -2.4  39.0 0 x[1]\n\n85.2 -2.5\n")
    assert read_source_list(path) == expected


@pytest.mark.parametrize("row", ["85.1", "nan 2.0", "x y"])
def test_a_row_that_is_no_position_is_an_error_with_its_line(tmp_path, row):
    path = tmp_path / "a.coo"
    path.write_text(f"# comment\n85.1 -2.4\n{row}\n")
    with pytest.raises(ParseError) as caught:
        read_source_list(path)
    assert caught.value.line_number == 3


def test_the_real_lists_are_read(test_data: Path):
    lists = sorted((test_data / "horsehead_runs" / "2019-05-15").glob("ibxl54030*.coo"))
    assert [read_source_list(path).sources for path in lists] == [38, 38, 38]
