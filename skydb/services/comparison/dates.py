"""Dates as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

from skydb.errors import UsageError


def moment(text: str) -> datetime:
    """A date or time in ISO 8601; UTC where it does not say.

    Raises
    ------
    UsageError
        When it is none.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"Invalid date {text!r}.", advice="Write it as 2026-01-31, or 2026-01-31T12:00."
        ) from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)
