"""Lists that options name: every image in them must be one of the ledger."""

from __future__ import annotations

from sqlalchemy.orm import Session

from skydb.drizzle.optionfiles import Files, listed_images
from skydb.errors import ParseError, UsageError
from skydb.store.version_queries import filenames_among


def require_listed(session: Session, files: Files) -> None:
    """Refuse a list with a line that drizzlepac would pass over.

    Parameters
    ----------
    session : Session
    files : tuple of OptionFile
        Files that options name; only lists of images are looked into.

    Raises
    ------
    UsageError
        With the line that names an image that is in no file of the ledger, or again.
    """
    try:
        listed = list(listed_images(files))
    except ParseError as error:
        raise UsageError(error.what, advice=error.advice) from error
    known = filenames_among(session, {name for _, _, name in listed})
    for file, line, name in listed:
        if name not in known:
            wrong = ParseError(file.path, line, f"names {name}, which is not a file of the ledger")
            raise UsageError(f"{file.option}: {wrong.what}", advice="Write names of its files.")
