"""Test of a change: a difference that the noise of the pixels does not explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: A difference of so many of its standard deviations is a change.
THRESHOLD_SIGMA = 3.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of the test of a change.

    Parameters
    ----------
    sigma : float or None
        Standard deviation of the difference; None unless both are known.
    significance : float or None
        The difference over it.
    changed : bool or None
        Whether it is more than :data:`THRESHOLD_SIGMA`; without a sigma, whether there is
        a difference at all. None without a difference.
    """

    sigma: float | None = None
    significance: float | None = None
    changed: bool | None = None


def compared(difference: float | None, sigma_a: float | None, sigma_b: float | None) -> Verdict:
    """Test a difference by the standard deviations of both values.

    They are taken as independent: for two values of the same photons the sigma is an upper
    limit. Where both are zero, as of an image at zero in both runs, any difference is
    a change.
    """
    if difference is None:
        return Verdict()
    if sigma_a is None or sigma_b is None:
        return Verdict(changed=difference != 0)
    sigma = float(np.hypot(sigma_a, sigma_b))
    if not sigma > 0:
        return Verdict(sigma, None, difference != 0)
    return Verdict(sigma, difference / sigma, abs(difference) > THRESHOLD_SIGMA * sigma)


def criterion_sentences(significances: Sequence[float | None]) -> list[str]:
    """Explain `changed` in a table with these, in sentences."""
    sentences = []
    if any(one is not None for one in significances):
        sentences.append(f"changed: by more than {THRESHOLD_SIGMA:g} sigma of the difference.")
    if any(one is None for one in significances):
        sentences.append("Where a sigma is not known, any difference counts as a change.")
    return sentences
