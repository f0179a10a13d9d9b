"""Directory of fetched files, which are placed there complete or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

from skydb.archive.download import Arrival
from skydb.archive.mast import MastProduct
from skydb.errors import UsageError
from skydb.files.checksum import sha256_of
from skydb.files.drafts import drafted


@dataclass(frozen=True, slots=True)
class Placement:
    """Path of a placed file, and the new path of one that it replaced."""

    path: Path
    set_aside: Path | None = None


@dataclass(frozen=True)
class FileStore:
    """``root/<rootname>/<name>``, and ``root/<rootname>/<sha12>/<name>`` for later versions.

    Files there are never overwritten. Safe between threads.

    Parameters
    ----------
    root : Path
        Made when something is first put there.
    """

    root: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def home(self, product: MastProduct) -> Path:
        """Locate the first version of a product.

        Raises
        ------
        UsageError
            When the archive's name for it would leave the directory.
        """
        if product.name_problem:
            raise UsageError(f"A file was not stored: {product.name_problem}.")
        path = self.root / product.directory / product.filename
        # A link could lead out even where names cannot.
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise UsageError(f"{product.filename} would leave {self.root}.")
        return path

    def place(
        self, product: MastProduct, arrival: Arrival, restore: Path | None = None
    ) -> Placement:
        """Move a file that has arrived to its directory.

        Parameters
        ----------
        product : MastProduct
            What it is.
        arrival : Arrival
            The file.
        restore : Path, optional
            Earlier path of the same version, which is missing or damaged now.

        Raises
        ------
        UsageError
            As :meth:`home`.
        OSError
            When the directory cannot be written.
        """
        with self._lock:
            target = restore or self._free(product, arrival.sha256)
            if target.is_file() and sha256_of(target) == arrival.sha256:
                return Placement(target)
            aside = _set_aside(target) if target.exists() else None
            target.parent.mkdir(parents=True, exist_ok=True)
            _move(arrival.path, target)
            return Placement(target, aside)

    def _free(self, product: MastProduct, sha256: str) -> Path:
        home = self.home(product)
        if not home.exists() or (home.is_file() and sha256_of(home) == sha256):
            return home
        return home.parent / sha256[:12] / home.name


def _set_aside(path: Path) -> Path:
    number, aside = 1, path.with_name(f"{path.name}.aside")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.aside{number}")
    path.rename(aside)
    return aside


def _move(source: Path, target: Path) -> None:
    """Rename, or copy and rename where the directories are on different file systems."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with drafted(target) as temporary:
            with source.open("rb") as reader, temporary.open("wb") as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
                writer.flush()
                os.fsync(writer.fileno())
            temporary.rename(target)
