from __future__ import annotations

from pathlib import Path

import pytest

from skydb.errors import StateError
from skydb.files.removal import require_below, set_aside


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files of one name, and one that is not there."""
    (tmp_path / "aside").mkdir()
    found = [tmp_path / one / "a.fits" for one in "xyz"]
    for path in found[:2]:
        path.parent.mkdir()
        path.write_bytes(b"1234")
    return found


def test_files_are_out_of_their_places_and_counted(files: list[Path], tmp_path: Path) -> None:
    with set_aside(files, tmp_path / "aside") as freed_bytes:
        assert freed_bytes == 8
    assert not any(path.exists() for path in files)
    assert len(list((tmp_path / "aside").iterdir())) == 2


def test_files_are_back_when_the_block_raises(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), set_aside(files, tmp_path / "aside"):
        _ = 1 / 0
    assert [path.exists() for path in files] == [True, True, False]


def test_files_are_back_when_one_cannot_be_moved(files: list[Path], tmp_path: Path) -> None:
    # A directory in its place is what cannot be replaced by a file, whoever asks.
    (tmp_path / "aside" / "1-a.fits").mkdir()
    with (
        pytest.raises(StateError, match="cannot be deleted"),
        set_aside(files, tmp_path / "aside"),
    ):
        pass
    assert [path.exists() for path in files] == [True, True, False]


def test_only_what_is_really_below_the_root_is_taken(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for directory in (root / "runs", outside):
        directory.mkdir(parents=True)
    (root / "link").symlink_to(outside)
    assert require_below(root, root / "runs" / "a.fits")
    for path in (outside / "a.fits", root / "link" / "a.fits", root / "runs" / ".." / ".." / "a"):
        with pytest.raises(StateError, match="not below the data root"):
            require_below(root, path)
