from __future__ import annotations

import os
from pathlib import Path

import pytest

from skydb.errors import SkydbError
from skydb.report.output import write_atomic


def test_a_file_appears_whole_with_its_folders(tmp_path: Path) -> None:
    path = write_atomic(tmp_path / "a" / "b.html", b"text")
    assert path.read_bytes() == b"text"
    assert [one.name for one in path.parent.iterdir()] == ["b.html"]


def test_a_failure_leaves_what_was_there_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SkydbError, match=r"report\.html cannot be written: No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SkydbError, match="cannot be written"):
        write_atomic(tmp_path / "file" / "report.html", b"")


def test_who_reads_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    path = write_atomic(tmp_path / "report.html", b"old")
    with path.open("rb", buffering=0) as reader:
        write_atomic(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
