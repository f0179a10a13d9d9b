"""Conversion of any error of an odd file into its rejection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skydb.errors import SkydbError, UnreadableFileError

_LONGEST_SAID = 120


@contextmanager
def rejecting(path: Path) -> Iterator[None]:
    """Reject a file that a library cannot read, so that the rest of its batch continues.

    The exceptions that numpy and astropy raise for damaged files are not documented.

    Raises
    ------
    UnreadableFileError
        With what was raised. Errors of skydb are raised as they are.
    """
    try:
        yield
    except SkydbError:
        raise
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        advice = "Check that it exists and that you may read it."
        raise UnreadableFileError(path, reason, advice=advice) from error
    except Exception as error:
        said = " ".join(str(error).split())[:_LONGEST_SAID]
        reason = f"cannot be understood ({type(error).__name__}: {said})"
        raise UnreadableFileError(path, reason, advice="Look at it with astropy.") from error
