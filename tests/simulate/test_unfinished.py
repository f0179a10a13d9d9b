"""What a demo makes is marked until it is finished, and begun anew where it was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.errors import UsageError
from skydb.files.processes import this_process
from skydb.simulate.unfinished import NAME, marked_unfinished

MADE = ("field", "page.html")


def names(directory: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in directory.iterdir()}


def dead() -> str:
    place, _, started = str(this_process().mark).split("-")
    return f"{NAME}.{place}-999999999-{started}"


def test_a_directory_is_marked_until_the_work_is_done(tmp_path: Path) -> None:
    home = tmp_path / "new" / "demo"
    with marked_unfinished(home, MADE):
        assert names(home) == {NAME}
        with pytest.raises(UsageError, match="Another process works in"):
            marked_unfinished(home, MADE).__enter__()
        (home / "page.html").touch()
    assert names(home) == {"page"}
    with pytest.raises(UsageError, match="is not empty"):
        marked_unfinished(home, MADE).__enter__()


def test_what_was_not_finished_is_made_anew_and_the_rest_stays(tmp_path: Path) -> None:
    for name in ("field/a.fits", "page.html", "mine.txt", dead()):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(KeyboardInterrupt), marked_unfinished(tmp_path, MADE):
        assert names(tmp_path) == {NAME, "mine"}
        raise KeyboardInterrupt
    assert names(tmp_path) == {NAME, "mine"}


@pytest.mark.parametrize("name", ["mine.txt", NAME, f"{NAME}.txt", f"{NAME}.0123456789ab-1-2"])
def test_a_directory_with_files_of_others_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "field").mkdir()
    with pytest.raises(UsageError, match="is not empty"):
        marked_unfinished(tmp_path, MADE).__enter__()
    with pytest.raises(UsageError, match="is not a directory"):
        marked_unfinished(tmp_path / name, MADE).__enter__()
    assert {path.name for path in tmp_path.iterdir()} == {name, "field"}
