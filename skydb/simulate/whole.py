"""A field that is there as a whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from skydb.errors import ToolError, UnreadableFileError, UsageError
from skydb.files.drafts import owner_of_draft
from skydb.files.together import made_together, move_whole
from skydb.simulate.truth import TRUTH_NAME, FieldTruth


@contextmanager
def whole_field(directory: Path) -> Iterator[Path]:
    """Give an empty directory whose files are those of a field after the block.

    Parameters
    ----------
    directory : Path
        The field's. Nothing changes in it unless the block ends well; only the log of a tool
        that has failed is put there.

    Raises
    ------
    UnreadableFileError
        When a file cannot be read or written.
    """
    try:
        with made_together(directory, TRUTH_NAME) as draft:
            try:
                yield draft
            except ToolError as error:
                _keep_log(error, draft, directory)
                raise
    except OSError as error:
        if error.filename is None:
            raise
        path = _finished(Path(error.filename), directory)
        raise UnreadableFileError(
            path,
            f"cannot be used ({error.strerror})",
            advice="Name another directory, or correct this.",
        ) from error


def require_free(directory: Path, names: Iterable[str]) -> None:
    """Refuse to write over what is there: a field, or files that have the same names.

    A field that a killed process had made, and was about to put there, is completed; it may
    be made once more, with the same names.

    Raises
    ------
    UsageError
        When something is there.
    """
    wanted = set(names)
    if move_whole(directory, TRUTH_NAME):
        there = FieldTruth.load(directory)
        if {*(exposure.path for exposure in there.exposures), *there.products} <= wanted:
            return
    for name in (TRUTH_NAME, *sorted(wanted)):
        if (directory / name).exists():
            raise UsageError(
                f"{directory} holds {name} already.",
                advice="Name another directory, or use --overwrite.",
            )


def _finished(path: Path, directory: Path) -> Path:
    """Place that a file of a draft of the directory is to have; the path of any other."""
    drafts = [one for one in (path, *path.parents) if owner_of_draft(one)]
    return directory / path.relative_to(drafts[0]) if drafts else path


def _keep_log(error: ToolError, draft: Path, directory: Path) -> None:
    """Save the log of a tool that has failed from a draft that is about to go."""
    if error.log is not None and error.log.is_relative_to(draft):
        directory.mkdir(parents=True, exist_ok=True)
        error.move_log(Path(shutil.copy(error.log, directory / error.log.name)))
