"""Rules of `v_todo`, by the names that commands and dismissals use."""

from __future__ import annotations

from enum import StrEnum


class TodoRule(StrEnum):
    """Reason for which something is due; docs/books.md explains each.

    Parameters
    ----------
    value : str
        Its name.
    meaning : str
        What is due by it, in words.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> TodoRule:
        """Make a word of the vocabulary with its meaning."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    NOT_ALIGNED = "not-aligned", "exposures that skydb has not aligned"
    FIT_WAITING = "fit-waiting", "alignment runs whose fits wait for review"
    FIT_FAILED = "fit-failed", "products whose newest fit failed"
    WEAK_FIT = "weak-fit", "products whose newest fit has too few matches, or too little trust"
    ALIGNMENT_OUTDATED = (
        "alignment-outdated",
        "exposures with a newer archive version than what was aligned",
    )
    SKY_OUTDATED = "sky-outdated", "exposures with a newer file version than that of the sky"
    ENVIRONMENT_FAILED = (
        "environment-failed",
        "visits whose alignment or sky comes from packages that give wrong answers",
    )
    ENVIRONMENT_UNCHECKED = (
        "environment-unchecked",
        "visits whose sky comes from packages that were not checked",
    )
    CATALOGUE_SUPERSEDED = (
        "catalogue-superseded",
        "exposures aligned to a catalogue that was superseded",
    )
    IDCTAB_SUPERSEDED = (
        "idctab-superseded",
        "exposures with an older distortion model than newer files of their detector",
    )
    BAD_DELIVERY = "bad-delivery", "files from days in which the archive served wrong ones"
    NEVER_MATCHED = "never-matched", "exposures without a sky from a matching method"
    DOWNGRADED = (
        "downgraded",
        "exposures in a run of another method than was asked for, never repeated",
    )
    INTERRUPTED = "interrupted", "exposures in a run that was interrupted, never repeated"
    LEFT_RUNNING = "left-running", "activities that began hours ago and have not ended"

    @property
    def dismissal(self) -> str:
        """Label of the note that dismisses the rule for its subject."""
        return f"ignore:{self.value}"
