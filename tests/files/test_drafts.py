"""The names of drafts and scratch directories tell who is at them."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import ToolCrashedError
from skydb.files.drafts import draft_of, drafted, drafted_anew, owner_of_draft, owner_of_scratch
from skydb.files.processes import this_process
from skydb.files.workspace import Workspace

_NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1)


@given(_NAMES)
def test_a_draft_is_beside_the_file_and_tells_its_process(name: str) -> None:
    path = Path("data", name)
    draft = draft_of(path)
    assert owner_of_draft(draft) == this_process().mark
    assert draft.parent == path.parent
    assert draft != draft_of(path)


def test_who_writes_a_file_anew_deletes_the_drafts_of_it_that_the_dead_have_left(
    tmp_path: Path,
) -> None:
    path, living = tmp_path / "picture.png", draft_of(tmp_path / "picture.png")
    place, pid, _ = str(this_process().mark).split("-")
    dead = living.with_name(living.name.replace(f"{place}-{pid}-", f"{place}-999999999-"))
    other = dead.with_name(dead.name.replace("picture", "another"))
    for one in (living, dead, other):
        one.touch()
    with drafted_anew(path) as part:
        part.write_text("whole")
        part.rename(path)
    assert sorted(tmp_path.iterdir()) == sorted([path, living, other])


@pytest.mark.parametrize(
    ("error", "is_named"),
    [
        (lambda part: OSError(errno.EROFS, "Read-only", str(part)), True),
        (lambda part: PermissionError(errno.EACCES, "Denied", part), True),
        (lambda _: OSError(errno.ENOSPC, "No space left on device"), True),
        (lambda _: OSError(errno.EIO, "Input/output error"), False),
        (lambda part: OSError(errno.ENOSPC, "No space left", str(part.parent / "log")), False),
    ],
)
def test_an_error_of_a_draft_names_the_file_that_is_made(
    tmp_path: Path, error: Callable[[Path], OSError], is_named: bool
) -> None:
    path, raised = tmp_path / "picture.png", []
    with pytest.raises(OSError, match=r".") as refused, drafted(path) as part:
        raised.append(error(part))
        named = raised[0].filename
        raise raised[0]
    assert refused.value is raised[0]
    assert refused.value.filename == (str(path) if is_named else named)


@pytest.mark.parametrize(
    "name", ["x.part", ".x.fits.part", ".x.4711.part", "notes-1-2.part", ".a.0123456789ab-1-2.part"]
)
def test_files_of_others_are_no_drafts_of_skydb(name: str) -> None:
    assert owner_of_draft(Path(name)) is None


@pytest.mark.parametrize("label", ["sky-12", "align-3.0123456789ab-1-2-x", "a b", "1-2-3-4"])
def test_a_scratch_directory_tells_its_label_and_process(tmp_path: Path, label: str) -> None:
    with Workspace(tmp_path).scratch(label) as directory:
        assert owner_of_scratch(directory) == (label, this_process().mark)
    assert owner_of_scratch(tmp_path / "sky-12-abcdefgh") is None


def test_an_error_names_its_log_where_it_is_afterwards(tmp_path: Path) -> None:
    def crash() -> None:
        with workspace.scratch("sky-1") as scratch:
            log = scratch / "astrodrizzle.log"
            log.write_text("what went wrong")
            raise ToolCrashedError("AstroDrizzle", "was killed", log=log, advice="Try again.")

    workspace = Workspace(tmp_path)
    for number in (1, 2):
        with pytest.raises(ToolCrashedError) as caught:
            crash()
        assert caught.value.log is not None and caught.value.log.is_file(), number
        assert str(caught.value) == (
            f"AstroDrizzle was killed. Its log: {caught.value.log}. Try again."
        )
