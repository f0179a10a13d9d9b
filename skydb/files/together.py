"""Files of one directory that appear together, when all of them are whole.

They are made in a draft, a hidden directory with the process in its name. A new directory is
its draft, renamed. Into one that is there the files are moved one by one, after the draft was
given another name: by that a later process, or `skydb fsck --repair`, knows that they are whole
and moves what a killed one has not.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from skydb.domain.processmark import Fate
from skydb.files.drafts import WHOLE, draft_of, drafts_of, owner_of_draft
from skydb.files.processes import end_tools_below, fate_of
from skydb.interruption import held, litter


@contextmanager
def made_together(directory: Path, sign: str) -> Iterator[Path]:
    """Give an empty directory whose files are in another one after the block, all or none.

    Parameters
    ----------
    directory : Path
        Where the files are to be; made when missing. Other files in it stay.
    sign : str
        Name of the file that says of a directory that it is complete; made last. An earlier
        one is gone as long as there are old files and new ones.

    Raises
    ------
    OSError
        When the files cannot be made, or take their places.
    """
    move_whole(directory, sign)
    is_new = not directory.exists()
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(directory if is_new else directory / sign)
    with litter(draft):
        draft.mkdir()
        try:
            yield draft
            with held():
                if is_new:
                    draft.rename(directory)
                else:
                    whole = draft.with_name(draft.name + WHOLE)
                    draft.rename(whole)
                    (directory / sign).unlink(missing_ok=True)
                    move_out(whole)
        finally:
            with held():
                shutil.rmtree(draft, ignore_errors=True)


def move_whole(directory: Path, sign: str) -> bool:
    """Put right what killed processes have left of :func:`made_together`.

    Returns
    -------
    bool
        Whether files that were whole have got their places now.
    """
    found = drafts_of(directory / sign) + (drafts_of(directory) if directory.name else [])
    moved = False
    for draft in found:
        mark = owner_of_draft(draft)
        if draft.is_dir() and mark is not None and fate_of(mark) is Fate.DEAD:
            moved |= is_whole(draft)
            end_draft(draft)
    return moved


def is_whole(draft: Path) -> bool:
    """Whether all files of a draft were made, and only to be moved."""
    return draft.name.endswith(WHOLE)


def end_draft(draft: Path) -> None:
    """Delete the draft of a process that is gone, a file or a directory; move what is whole."""
    if not draft.is_dir():
        draft.unlink(missing_ok=True)
    elif is_whole(draft):
        move_out(draft)
    else:
        end_tools_below(draft)
        shutil.rmtree(draft, ignore_errors=True)


def move_out(draft: Path) -> None:
    """Move the files of a draft to the directory that it is in, in the order of their making.

    One that another process has moved meanwhile is no error.
    """
    files = [(path.stat().st_mtime_ns, path) for path in draft.rglob("*") if path.is_file()]
    for _, path in sorted(files):
        target = draft.parent / path.relative_to(draft)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.replace(target)
    shutil.rmtree(draft, ignore_errors=True)
