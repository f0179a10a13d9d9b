"""Files of skies as AstroDrizzle reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.drizzle.skyfile import read_sky_file
from skydb.errors import ParseError


def written(directory: Path, text: str) -> Path:
    path = directory / "sky.txt"
    path.write_text(text)
    return path


def test_the_mark_of_an_editor_before_the_first_name_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "sky.txt"
    path.write_bytes(b"\xef\xbb\xbfa_flt.fits 1.5\r\n")
    assert read_sky_file(path).values == {"a_flt.fits": (1.5,)}


def test_a_line_has_one_value_for_all_chips_or_one_for_each(tmp_path: Path) -> None:
    told = read_sky_file(written(tmp_path, "# name sky\n\n/data/a_flc.fits 1.5\nb_flc.fits 2 3\n"))
    assert [told.of("a_flc.fits", place) for place in (0, 1)] == [1.5, 1.5]
    assert [told.of("b_flc.fits", place, chips=2) for place in (0, 1)] == [2.0, 3.0]
    assert told.of("c_flc.fits", 0) is None
    assert not told.is_applied
    assert told.as_text() == "a_flc.fits 1.5\nb_flc.fits 2.0 3.0\n"


@pytest.mark.parametrize("comment", ["# applied = yes", "#applied:True", "# sky applied: y"])
def test_a_comment_says_that_the_skies_were_subtracted(tmp_path: Path, comment: str) -> None:
    told = read_sky_file(written(tmp_path, f"{comment}\na.fits 1\n"))
    assert told.is_applied
    assert told.as_text().startswith("# applied = yes\n")
    assert not read_sky_file(written(tmp_path, "# applied = no\na.fits 1\n")).is_applied


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.fits 1\nhere/a.fits 2\n", r"line 2: a.fits is there twice \(first in line 1\)"),
        ("a.fits\n", "line 1: has no sky"),
        ("a.fits nan\n", "line 1: has no sky"),
        ("b.fits 1\na.fits 2 -1e30\n", r"line 2: has -1e\+30, which is not a sky value"),
        ("a.fits one\n", "line 1: has a value that is not a number"),
        ("# nothing\n", "has no line with an exposure"),
    ],
)
def test_what_is_no_file_of_skies_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        read_sky_file(written(tmp_path, text))


@pytest.mark.parametrize(("values", "chips"), [("1 2 3", 2), ("1 2", 1), ("1 2", 3)])
def test_a_line_without_a_value_for_each_chip_is_refused(
    tmp_path: Path, values: str, chips: int
) -> None:
    told = read_sky_file(written(tmp_path, f"# skies\na.fits {values}\n"))
    with pytest.raises(ParseError, match=f"line 2: has {len(values.split())} values, and a.fits"):
        told.of("a.fits", 0, chips)


def test_the_first_line_of_a_file_that_is_not_known_is_refused(tmp_path: Path) -> None:
    told = read_sky_file(written(tmp_path, "z.fits 1\nb.fits 1\na.fits 1\n"))
    told.require_known(["a.fits", "b.fits", "z.fits", "other.fits"])
    with pytest.raises(ParseError, match=r"line 2: names b\.fits, which is not a file"):
        told.require_known(["z.fits"])
