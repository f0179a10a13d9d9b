"""Scratch directories where there is no data root, or none that can be written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from skydb.domain.processmark import Fate
from skydb.files.drafts import owner_of_scratch, scratch_prefix
from skydb.files.processes import end_tools_below, fate_of
from skydb.interruption import litter


@contextmanager
def temporary(label: str) -> Iterator[Path]:
    """Empty directory among the temporary files of the system, for the block.

    Those of the label that killed processes have left there go first.

    Parameters
    ----------
    label : str
        Begins its name.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{escape(label)}.*"):
        owner = owner_of_scratch(left)
        if owner is not None and owner[0] == label and fate_of(owner[1]) is Fate.DEAD:
            end_tools_below(left)
            shutil.rmtree(left, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(
            prefix=scratch_prefix(label), ignore_cleanup_errors=True
        ) as name,
        litter(Path(name)),
    ):
        yield Path(name)
