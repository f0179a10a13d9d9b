"""Scratch directories of the system are there for a while, and those of the dead go."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from skydb.files.drafts import owner_of_scratch
from skydb.files.processes import this_process
from skydb.files.temporary import temporary


def test_who_makes_one_deletes_what_the_dead_have_left_of_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mark = this_process().mark
    place, _, started = str(mark).split("-")
    dead = tmp_path / f"skydb-x.{place}-999999999-{started}-abcdefgh"
    others = {tmp_path / f"skydb-x.{mark}-abcdefgh", tmp_path / "skydb-x.mine"}
    others.add(tmp_path / dead.name.replace("skydb-x", "skydb-x.y"))
    for one in (dead, *others):
        one.mkdir()
        (one / "file").touch()
    with temporary("skydb-x") as home:
        assert owner_of_scratch(home) == ("skydb-x", mark)
        (home / "file").touch()
        assert set(tmp_path.iterdir()) == {home, *others}
    assert set(tmp_path.iterdir()) == others
