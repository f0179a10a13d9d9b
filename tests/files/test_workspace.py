"""The data root."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.errors import StateError, UnreadableFileError, UsageError
from skydb.files.checksum import copy_synced, sha256_of
from skydb.files.workspace import Workspace

ESCAPES = ["..", ".", "", " ", "a/b", "a\\b", "/etc", "nul\0", "line\n", "x" * 201, "é" * 101]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "ibxl50ivq_flt.fits"
    path.write_bytes(b"pixels")
    return path


def files_under(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def test_a_scratch_directory_is_gone_after_success(workspace: Workspace) -> None:
    with workspace.scratch("sky-1-match") as directory:
        assert directory.is_dir()
        assert directory.parent == workspace.root / "scratch"
        (directory / "astrodrizzle.log").write_text("fine")
    assert files_under(workspace.root) == []
    assert not directory.exists()


def test_a_failed_run_leaves_its_logs_and_nothing_else(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError), workspace.scratch("sky-1-match") as directory:
        (directory / "deep").mkdir()
        (directory / "deep" / "astrodrizzle.log").write_text("crashed")
        (directory / "ibxl50ivq_flt.fits").write_bytes(b"pixels")
        raise ZeroDivisionError
    assert files_under(workspace.root) == ["logs/sky-1-match/astrodrizzle.log"]
    assert not directory.exists()


def test_an_interrupted_run_leaves_no_litter_either(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), workspace.scratch("run") as directory:
        raise KeyboardInterrupt
    assert not directory.exists()


def test_logs_of_a_second_failure_do_not_replace_those_of_the_first(workspace: Workspace) -> None:
    for text in ("first", "second"):
        with pytest.raises(ZeroDivisionError), workspace.scratch("run") as directory:
            (directory / "tool.log").write_text(text)
            raise ZeroDivisionError
    texts = {p.name: p.read_text() for p in workspace.logs("run").iterdir()}
    assert texts == {"tool.log": "first", "tool.1.log": "second"}


def test_two_runs_under_one_label_do_not_share_a_directory(workspace: Workspace) -> None:
    with workspace.scratch("run") as first, workspace.scratch("run") as second:
        assert first != second


def test_directories_that_a_task_write_protected_are_removed(workspace: Workspace) -> None:
    with workspace.scratch("run") as directory:
        (directory / "locked").mkdir()
        (directory / "locked" / "file").touch()
        (directory / "locked").chmod(0o500)
    assert not directory.exists()


@pytest.mark.parametrize("label", ESCAPES)
def test_labels_that_are_no_file_names_are_refused(workspace: Workspace, label: str) -> None:
    with pytest.raises(UsageError), workspace.scratch(label):
        pass
    assert not workspace.root.exists()


def test_a_stored_file_is_a_copy_under_its_new_name(workspace: Workspace, source: Path) -> None:
    stored = workspace.store(source, "mosaics", "run-1", "f160w_drz.fits")
    assert stored == workspace.root / "mosaics" / "run-1" / "f160w_drz.fits"
    assert stored.read_bytes() == source.read_bytes() == b"pixels"
    assert files_under(workspace.root) == ["mosaics/run-1/f160w_drz.fits"]


def test_storing_the_same_content_again_changes_nothing(workspace: Workspace, source: Path) -> None:
    first = workspace.store(source, "a.fits")
    inode = first.stat().st_ino
    assert workspace.store(source, "a.fits").stat().st_ino == inode


def test_other_content_never_replaces_a_stored_file(workspace: Workspace, source: Path) -> None:
    stored = workspace.store(source, "a.fits")
    source.write_bytes(b"others")
    with pytest.raises(StateError, match="already exists and is a different file"):
        workspace.store(source, "a.fits")
    assert stored.read_bytes() == b"pixels"
    assert files_under(workspace.root) == ["a.fits"]


def test_a_directory_in_the_way_is_not_replaced(workspace: Workspace, source: Path) -> None:
    (workspace.root / "a.fits").mkdir(parents=True)
    with pytest.raises(StateError):
        workspace.store(source, "a.fits")


def test_a_copy_that_fails_leaves_no_part(
    workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("skydb.files.checksum.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        workspace.store(source, "a.fits")
    assert files_under(workspace.root) == []


def test_a_source_that_changes_while_it_is_copied_is_refused(
    workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(path: Path, target: Path) -> str:
        copied = copy_synced(path, target)
        path.write_text("other")
        return copied

    monkeypatch.setattr("skydb.files.workspace.copy_synced", changed)
    with pytest.raises(StateError, match="changed while it was copied"):
        workspace.store(source, "history", "a.log")
    assert files_under(workspace.root) == []


def test_a_source_that_is_not_what_the_caller_knows_is_refused(
    workspace: Workspace, source: Path
) -> None:
    with pytest.raises(StateError, match="changed while it was copied"):
        workspace.store(source, "history", "a.log", sha256="0" * 64)
    assert files_under(workspace.root) == []


def test_a_missing_source_is_unreadable(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        workspace.store(tmp_path / "missing.fits", "a.fits")


@pytest.mark.parametrize("part", ESCAPES)
def test_parts_that_would_leave_the_root_are_refused(
    workspace: Workspace, source: Path, part: str
) -> None:
    with pytest.raises(UsageError):
        workspace.store(source, part, "a.fits")
    with pytest.raises(UsageError):
        workspace.store(source, "a", part)
    assert not workspace.root.exists()


def test_a_stored_file_needs_a_name(workspace: Workspace, source: Path) -> None:
    with pytest.raises(UsageError, match="needs a name"):
        workspace.store(source)


def test_a_directory_that_is_there_is_left_to_whom_it_belongs(workspace: Workspace) -> None:
    assert workspace.free("runs", "3") == ("runs", "3")
    for taken in ("3", "3-2", "4"):
        (workspace.root / "runs" / taken).mkdir(parents=True)
    assert workspace.free("runs", "3") == ("runs", "3-3")
    assert workspace.free("alignments", "3") == ("alignments", "3")


def test_a_version_lives_under_its_rootname_and_content(workspace: Workspace, source: Path) -> None:
    checksum = sha256_of(source)
    stored = workspace.store_version(source, source.name, checksum)
    home = workspace.root / "versions" / "ibxl50ivq" / checksum[:12] / "ibxl50ivq_flt.fits"
    assert stored == workspace.version_home(source.name, checksum) == home


def test_a_product_without_a_rootname_lives_under_its_own_stem(workspace: Workspace) -> None:
    home = workspace.version_home("horsehead.fits.gz", "0" * 64)
    assert home.parent.parent.name == "horsehead"


@pytest.mark.parametrize(
    ("name", "checksum"), [("../a.fits", "0" * 64), ("a.fits", "abc"), ("a.fits", "../" * 20)]
)
def test_a_version_home_never_leaves_the_root(
    workspace: Workspace, name: str, checksum: str
) -> None:
    with pytest.raises(UsageError):
        workspace.version_home(name, checksum)


def test_paths_of_a_batch_are_those_of_each_file(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = workspace.root / "versions" / "a.fits", tmp_path / "other" / "b.fits"
    for path in (inside, outside):
        path.parent.mkdir(parents=True)
        path.touch()
    (tmp_path / "road").symlink_to(workspace.root)
    (tmp_path / "other" / "link.fits").symlink_to(inside)
    monkeypatch.chdir(tmp_path / "other")
    paths = [
        *(inside, outside, tmp_path / "road" / "versions" / "a.fits", Path("b.fits")),
        *(Path("link.fits"), Path("../other/./b.fits"), tmp_path / "data.fits", Path("..")),
        *(workspace.root / "..", workspace.root, Path("../road/../other/b.fits")),
    ]
    found = workspace.all_relative(paths)
    assert found == {path: workspace.relative(path) for path in paths}
    assert [found[path] for path in paths[2:5]] == ["versions/a.fits", str(outside), found[inside]]


def test_paths_inside_are_relative_so_that_the_root_can_move(
    workspace: Workspace, tmp_path: Path
) -> None:
    text = workspace.relative(workspace.root / "versions" / "a.fits")
    assert text == "versions/a.fits"
    assert Workspace(tmp_path / "moved").resolve(text) == tmp_path / "moved/versions/a.fits"


def test_paths_outside_stay_absolute(workspace: Workspace, source: Path) -> None:
    text = workspace.relative(source)
    assert text == str(source)
    assert workspace.resolve(text) == source


def test_a_root_that_is_a_link_holds_what_is_behind_it(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    workspace = Workspace(tmp_path / "data")
    assert workspace.relative(tmp_path / "disk" / "a.fits") == "a.fits"
    assert workspace.relative(tmp_path / "data" / "a.fits") == "a.fits"


@pytest.mark.parametrize("text", ["../a", "a/../../b", "", "a\0b"])
def test_texts_that_leave_the_root_are_refused(workspace: Workspace, text: str) -> None:
    with pytest.raises(UsageError):
        workspace.resolve(text)


@given(st.lists(st.from_regex(r"[a-zA-Z0-9_.-]{1,20}", fullmatch=True), min_size=1, max_size=4))
def test_every_ordinary_path_survives_the_round_trip(parts: list[str]) -> None:
    workspace = Workspace(Path("/somewhere/data"))
    if any(part.strip(".") == "" for part in parts):
        return
    path = workspace.root.joinpath(*parts)
    assert workspace.resolve(workspace.relative(path)) == path


def test_a_checksum_is_that_of_the_bytes(source: Path) -> None:
    assert sha256_of(source) == hashlib.sha256(b"pixels").hexdigest()


def test_a_copy_has_the_checksum_that_is_returned(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 2_000)
    copy = tmp_path / "copy"
    assert copy_synced(large, copy) == sha256_of(large) == sha256_of(copy)


def test_a_checksum_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        sha256_of(tmp_path / "missing")
