"""The steps by which AstroDrizzle rejects cosmic rays; each needs those before it."""

from __future__ import annotations

from collections.abc import Mapping

from skydb.errors import UsageError

#: In order (DrizzlePac Handbook, steps 3 to 6 of AstroDrizzle).
STEPS = ("driz_separate", "median", "blot", "driz_cr")


def last_step(extra: Mapping[str, object], *, is_asked: bool) -> int:
    """Number of the last step that is done.

    Parameters
    ----------
    extra : mapping
        Typed options; a step that is on takes those before it along.
    is_asked : bool
        Whether cosmic rays shall be rejected, which takes all steps.

    Raises
    ------
    UsageError
        When a step that is needed is switched off.
    """
    asked = [number for number, step in enumerate(STEPS, 1) if extra.get(step) is True]
    last = len(STEPS) if is_asked else max(asked, default=0)
    gaps = [f"{step}=False" for step in STEPS[:last] if extra.get(step, True) is not True]
    if gaps:
        raise UsageError(
            f"Cosmic rays cannot be rejected with {', '.join(gaps)}: "
            f"the steps {', '.join(STEPS)} need each other.",
            advice="Leave these parameters out, or the rejection.",
        )
    return last
