"""Files that appear together are there, all or none, whatever happens to who makes them."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skydb.errors import Interrupted
from skydb.files import together
from skydb.files.drafts import drafts_of, is_in_draft
from skydb.files.together import made_together, move_whole

NAMES = ("a.fits", "b.fits", "masks/a.fits", "truth.json")
SIGN = "truth.json"


def fill(directory: Path, text: str) -> None:
    for name in NAMES:
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def make(directory: Path, text: str) -> None:
    with made_together(directory, SIGN) as draft:
        fill(draft, text)


def contents(directory: Path) -> dict[str, str]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_text() for path in files}


def killed(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Do it in a process that is killed before its n-th rename of a file or directory."""
    with warnings.catch_warnings():
        # Threads that a library keeps are not used by the child.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        return
    try:
        left = iter(range(step))
        for name in ("rename", "replace"):
            monkeypatch.setattr(Path, name, _unless_over(getattr(Path, name), left))
        work()
    finally:
        os._exit(1)


def _unless_over(real: Callable[[Path, Path], Path], left: Iterator[int]) -> object:
    def counted(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(path, target)

    return counted


@pytest.mark.parametrize("step", range(len(NAMES) + 1))
def test_a_killed_process_leaves_the_old_files_or_what_completes_the_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    home = tmp_path / "field"
    make(home, "old")
    (home / "mine.txt").write_text("mine")
    killed(lambda: make(home, "new"), monkeypatch, step)
    now = contents(home)
    is_whole = step > 0
    assert now["mine.txt"] == "mine"
    assert now.get(SIGN) == (None if is_whole else "old")
    assert move_whole(home, SIGN) is is_whole
    text = "new" if is_whole else "old"
    assert contents(home) == {"mine.txt": "mine", **dict.fromkeys(NAMES, text)}
    assert move_whole(home, SIGN) is False
    assert [path.name for path in tmp_path.iterdir()] == ["field"]


def test_a_new_directory_is_not_there_until_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "field"
    killed(lambda: make(home, "killed"), monkeypatch, 0)
    (left,) = tmp_path.iterdir()
    assert drafts_of(home) == [left]
    assert contents(left).keys() == set(NAMES)
    make(home, "again")
    assert contents(home) == dict.fromkeys(NAMES, "again")
    assert [path.name for path in tmp_path.iterdir()] == ["field"]


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("error", [Interrupted("SIGINT"), OSError(28, "full")], ids=repr)
def test_who_is_interrupted_or_fails_leaves_nothing(
    tmp_path: Path, error: BaseException, is_there: bool
) -> None:
    home = tmp_path / "field"
    if is_there:
        make(home, "old")
    before = contents(tmp_path)
    with pytest.raises(type(error)), made_together(home, SIGN) as draft:
        fill(draft, "new")
        raise error
    assert contents(tmp_path) == before
    assert home.exists() is is_there


def test_the_draft_of_a_process_that_is_at_work_is_left_alone(tmp_path: Path) -> None:
    with made_together(tmp_path, SIGN) as draft:
        assert is_in_draft(draft / "a.fits") and not is_in_draft(tmp_path / "a.fits")
        assert move_whole(tmp_path, SIGN) is False
        fill(draft, "new")
    assert contents(tmp_path) == dict.fromkeys(NAMES, "new")


def test_two_that_move_the_same_files_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "field"
    home.mkdir()
    killed(lambda: make(home, "new"), monkeypatch, 2)
    (draft,) = drafts_of(home / SIGN)
    replace = Path.replace

    def overtaken(path: Path, target: Path) -> Path:
        if path.exists() and path.name == "b.fits":
            replace(path, target)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", overtaken)
    together.end_draft(draft)
    assert contents(home) == dict.fromkeys(NAMES, "new")
