"""Life of activities."""

from __future__ import annotations

from enum import StrEnum


class ActivityStatus(StrEnum):
    """Life of anything that runs."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """It was stopped by a signal, or its process died, before it was done."""


#: Condition in SQL for an activity that has not ended; an index has it.
OPEN = "status IN ('pending', 'running')"
