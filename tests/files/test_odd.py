from __future__ import annotations

import os
from pathlib import Path

import pytest

from skydb.errors import FileRejectedError, TruncatedFileError, UnreadableFileError
from skydb.files.catalog import read_catalog
from skydb.files.odd import rejecting
from skydb.files.textfile import read_bytes


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (MemoryError("149 GiB"), "cannot be understood (MemoryError: 149 GiB)"),
        (IndexError("of\n range"), "cannot be understood (IndexError: of range)"),
        (OSError(5, "Input/output error"), "cannot be read (Input/output error)"),
    ],
)
def test_what_a_library_raises_is_a_rejection_with_its_words(
    raised: Exception, reason: str
) -> None:
    with pytest.raises(UnreadableFileError) as caught, rejecting(Path("x.fits")):
        raise raised
    assert caught.value.reason == reason
    assert caught.value.__cause__ is raised


def test_errors_of_skydb_and_interrupts_are_raised_as_they_are() -> None:
    with pytest.raises(TruncatedFileError, match="as it is"), rejecting(Path("x.fits")):
        raise TruncatedFileError("x.fits", "as it is")
    with pytest.raises(KeyboardInterrupt), rejecting(Path("x.fits")):
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/urandom", "pipe"])
def test_what_is_no_file_is_never_read(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileRejectedError, match="not a file but"):
        read_bytes(tmp_path / name)
    with pytest.raises(FileRejectedError, match="not a file but"):
        read_catalog(tmp_path / name, epoch_year=2016.0)
