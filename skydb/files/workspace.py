"""The data root: scratch directories that are removed, and files that are never changed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from skydb.errors import StateError, ToolError, UsageError
from skydb.files.checksum import copy_synced, sha256_of, stamp_of
from skydb.files.drafts import drafted, scratch_prefix
from skydb.interruption import held, litter

LOG_SUFFIXES = frozenset({".log", ".out", ".err", ".trl"})
_LONGEST_NAME_BYTES = 200
_BAD_CHARACTERS = re.compile(r"[/\\\x00-\x1f\x7f]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ROOTNAME_PREFIX = re.compile(r"([a-z0-9]{9})_", re.IGNORECASE)


class Workspace:
    """Files that skydb fetches or makes, under one root.

    ::

        root/scratch/<label>.<process>-xxxx/  one run, removed when it ends
        root/logs/<label>/            the logs of a run that failed
        root/versions/<stem>/<sha12>/ one immutable content of a product

    Paths inside the root are written relative to it, so that a ledger and its data can
    be moved together; paths outside are written as they are.

    Parameters
    ----------
    root : pathlib.Path
        The data root; made when something is first put there.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 - a link to the root stays a link

    @contextmanager
    def scratch(self, label: str, *, is_litter: bool = True) -> Iterator[Path]:
        """Empty directory for one run.

        It is removed whatever happens; when the run raises, its logs are first moved to
        :meth:`logs`.

        Parameters
        ----------
        label : str
            Names the run, e.g. ``sky-12-match``.
        is_litter : bool
            Whether a process that must end at once removes it; not when what is in it
            may have to go back to its place.

        Raises
        ------
        UsageError
            When the label cannot be a file name.
        """
        parent = self.root / "scratch"
        prefix = scratch_prefix(_safe_name(label))
        parent.mkdir(parents=True, exist_ok=True)
        directory = parent / f"{prefix}{secrets.token_hex(4)}"
        with litter(directory) if is_litter else nullcontext():
            directory.mkdir(mode=0o700)
            try:
                yield directory
            except BaseException as error:
                with held():
                    _add_logs(error, self._keep_logs(directory, label))
                raise
            finally:
                with held():
                    _remove_tree(directory)

    def logs(self, label: str) -> Path:
        """Directory where the logs of failed runs of a label are; it may not exist."""
        return self.root / "logs" / _safe_name(label)

    def free(self, folder: str, name: str) -> tuple[str, str]:
        """Parts of a directory that does not exist, numbered when another one has its name.

        A ledger that was restored from a backup gives the numbers of runs again that left
        something here.

        Parameters
        ----------
        folder : str
            Below the root.
        name : str
            Of the directory in it.
        """
        number, free = 1, name
        while (self.root / folder / free).exists():
            number += 1
            free = f"{name}-{number}"
        return folder, free

    def store(self, source: Path, *parts: str, sha256: str | None = None) -> Path:
        """Copy a file to ``root/parts[0]/parts[1]/...``, whole or not at all.

        Parameters
        ----------
        source : pathlib.Path
            Any file.
        *parts : str
            Directories below the root and, last, the name of the copy.
        sha256 : str, optional
            Checksum of the source, where the caller has it.

        Returns
        -------
        pathlib.Path
            The copy, absolute. An existing copy with the same checksum is kept.

        Raises
        ------
        UsageError
            When a part cannot be a file name or would leave the root.
        StateError
            When a different file has that name, or the source is changed meanwhile.
        UnreadableFileError
            When the source cannot be read.
        """
        if not parts:
            raise UsageError("A stored file needs a name.")
        return _store(source, self.root.joinpath(*map(_safe_name, parts)), sha256)

    def store_version(self, source: Path, product_name: str, sha256: str) -> Path:
        """Copy one version of a product to its :meth:`version_home`; raises as :meth:`store`.

        The file with its flags goes with it, when there is one.
        """
        home = self.version_home(product_name, sha256)
        # Only with `--keep-exposures` are the flags of a separate file needed.
        from skydb.files.dqfile import flags_beside

        flags = flags_beside(source)
        if flags is not None:
            _store(flags, home.with_name(flags.name))
        return _store(source, home, sha256)

    def version_home(self, product_name: str, sha256: str) -> Path:
        """Name the file of one version of a product: ``root/versions/<stem>/<sha12>/<name>``.

        Parameters
        ----------
        product_name : str
            File name of the product; its stem is the rootname when it begins with one.
        sha256 : str
            Checksum of the version, 64 hexadecimal digits.

        Raises
        ------
        UsageError
            When either is not what it should be.
        """
        name = _safe_name(product_name)
        if not _SHA256.fullmatch(sha256):
            raise UsageError(f"{sha256!r} is not a SHA-256 of 64 hexadecimal digits.")
        match = _ROOTNAME_PREFIX.match(name)
        stem = match[1].lower() if match else name.split(".fits")[0]
        return self.root / "versions" / _safe_name(stem) / sha256[:12] / name

    def relative(self, path: Path) -> str:
        """Text for the database: relative to the root when inside it, else absolute."""
        for candidate, root in (
            (Path(os.path.abspath(path)), self.root),  # noqa: PTH100 - links are kept
            (path.resolve(), self.root.resolve()),
        ):
            if candidate.is_relative_to(root):
                return candidate.relative_to(root).as_posix()
        return str(Path(os.path.abspath(path)))  # noqa: PTH100 - links are kept

    def all_relative(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Texts for the database by path, as of :meth:`relative`; links are sought once a folder.

        Parameters
        ----------
        paths : iterable of pathlib.Path
            Files, of which many lie in one folder.
        """
        roots = str(self.root), os.path.realpath(self.root)
        homes: dict[str, str] = {}
        return {path: self._relative_by(path, roots, homes) for path in paths}

    def _relative_by(self, path: Path, roots: tuple[str, str], homes: dict[str, str]) -> str:
        home, name = os.path.split(path)
        if home not in homes:
            homes[home] = os.path.realpath(home)
        here = os.path.abspath(path)  # noqa: PTH100 - links are kept
        is_elsewhere = not (here.startswith(roots[0]) or homes[home].startswith(roots[1]))
        is_odd = name in ("", ".", "..") or os.path.islink(path)  # noqa: PTH114
        return self.relative(path) if is_odd or not is_elsewhere else here

    def resolve(self, text: str) -> Path:
        """Absolute path of what :meth:`relative` wrote.

        Raises
        ------
        UsageError
            When a relative text leaves the root.
        """
        if not text or "\0" in text:
            raise UsageError(f"{text!r} is not a path.")
        path = Path(text)
        if path.is_absolute():
            return path
        if ".." in path.parts:
            raise UsageError(f"{text!r} leaves the data root.", advice="Use an absolute path.")
        return self.root / path

    def retire(self, directory: Path, label: str | None) -> None:
        """Remove the scratch directory of a run that was killed.

        Its logs are kept under the label; without one there are none to keep.
        """
        if label is not None:
            self._keep_logs(directory, label)
        _remove_tree(directory)

    def _keep_logs(self, directory: Path, label: str) -> dict[Path, Path]:
        """Move the logs of a run to the data root; return the new paths."""
        moved = {}
        found = sorted(p for p in directory.rglob("*") if p.suffix.lower() in LOG_SUFFIXES)
        for log in found:
            if log.is_file() and not log.is_symlink():
                home = self.logs(label)
                home.mkdir(parents=True, exist_ok=True)
                moved[log] = log.replace(_unused(home / log.name))
        return moved


def _add_logs(error: BaseException, moved: Mapping[Path, Path]) -> None:
    """Replace the paths of logs in an error by the new ones."""
    if isinstance(error, ToolError) and error.log is not None and error.log in moved:
        error.move_log(moved[error.log])


def _safe_name(name: str) -> str:
    """The name, if it can be one part of a path and nothing else."""
    if name.strip(" .") == "" or _BAD_CHARACTERS.search(name):
        raise UsageError(f"{name!r} cannot be a file name.")
    if len(os.fsencode(name)) > _LONGEST_NAME_BYTES:
        raise UsageError(f"{name[:40]!r}... is longer than {_LONGEST_NAME_BYTES} bytes.")
    return name


def _unused(path: Path) -> Path:
    """The path, numbered when an older log has its name."""
    number, candidate = 1, path
    while candidate.exists():
        candidate = path.with_name(f"{path.stem}.{number}{path.suffix}")
        number += 1
    return candidate


def _store(source: Path, target: Path, sha256: str | None = None) -> Path:
    if target.exists() and _holds(target, sha256 or sha256_of(source)):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with drafted(target) as temporary:
        before = stamp_of(source)
        copied = copy_synced(source, temporary)
        if copied != (sha256 or copied) or stamp_of(source) != before:
            raise StateError(f"{source} changed while it was copied.", advice="Try again.")
        if not _holds(target, copied):
            temporary.replace(target)
    _sync_directory(target.parent)
    return target


def _holds(target: Path, checksum: str) -> bool:
    """Whether the same file is there already; a different file is never replaced."""
    if not target.exists():
        return False
    if not target.is_file() or sha256_of(target) != checksum:
        advice = "Stored files are never changed: move it away, or choose another name."
        raise StateError(f"{target} already exists and is a different file.", advice=advice)
    return True


def _sync_directory(directory: Path) -> None:
    """Make the new name survive a power cut, where directories can be synced (not Windows)."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_tree(directory: Path) -> None:
    """Remove a tree, also when a task left directories without write permission.

    One that somebody else has removed, such as `fsck --repair`, is no error.
    """
    if not directory.exists():
        return
    try:
        shutil.rmtree(directory)
    except PermissionError:
        for folder in [directory, *(p for p in directory.rglob("*") if p.is_dir())]:
            folder.chmod(0o700)
        shutil.rmtree(directory)
