"""Silence of astropy while it reads headers that it would repair aloud."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from astropy import log

_WARNINGS = threading.RLock()


@contextmanager
def quiet_astropy() -> Iterator[None]:
    """Suppress astropy's repairs of harmless header flaws.

    ``catch_warnings`` swaps global state, so threads take turns. What astropy logs besides goes
    to standard output, where a document of JSON may stand.
    """
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Another level would take longer: every logger then forgets what it knows of its own.
        is_outermost = _is_error not in log.filters
        log.addFilter(_is_error)
        try:
            yield
        finally:
            if is_outermost:
                log.removeFilter(_is_error)


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR
