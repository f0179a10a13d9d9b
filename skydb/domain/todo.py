"""What can be due, by the names that `v_todo`, commands and dismissals use."""

from __future__ import annotations

from enum import StrEnum


class TodoRule(StrEnum):
    """Why something is due; docs/books.md explains each."""

    NOT_ALIGNED = "not-aligned"
    """skydb has aligned no content of the exposure."""
    FIT_FAILED = "fit-failed"
    """The newest fit of the product failed."""
    WEAK_FIT = "weak-fit"
    """The newest fit has too few matches, or too little trust."""
    ALIGNMENT_OUTDATED = "alignment-outdated"
    """There is newer content than that which was aligned."""
    SKY_OUTDATED = "sky-outdated"
    """There is newer content than that whose sky is known."""
    ENVIRONMENT_FAILED = "environment-failed"
    """What is in force comes from an environment that gives wrong answers."""
    ENVIRONMENT_UNCHECKED = "environment-unchecked"
    """A sky in force comes from an environment that nobody has checked."""
    CATALOGUE_SUPERSEDED = "catalogue-superseded"
    """It is aligned to a catalogue that another one has replaced."""
    IDCTAB_SUPERSEDED = "idctab-superseded"
    """Newer files of its detector have another distortion model."""
    BAD_DELIVERY = "bad-delivery"
    """The archive served it in days in which it is known to have served wrong files."""
    NEVER_MATCHED = "never-matched"
    """No matching method has found its sky."""
    DOWNGRADED = "downgraded"
    """A run did another method than was asked for, and was never repeated."""
    LEFT_RUNNING = "left-running"
    """Something began hours ago and has not ended: its process is likely gone."""

    @property
    def dismissal(self) -> str:
        """Label of the line in the books that silences the rule for its subject."""
        return f"ignore:{self.value}"
