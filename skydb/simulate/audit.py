"""Skies and masks of a run against the truth of a simulated field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from skydb.simulate.masks import Masks, MaskScore

Chip = tuple[str, int]


class Skies(Protocol):
    """Skies and masks of cosmic rays of a run, by rootname and extver."""

    @property
    def skies(self) -> Mapping[Chip, float | None]: ...  # noqa: D102 - see above
    @property
    def masks(self) -> Masks: ...  # noqa: D102 - see above
    @property
    def masked(self) -> Mapping[Chip, int | None]: ...  # noqa: D102 - see above
    @property
    def is_relative(self) -> bool: ...  # noqa: D102 - see above


def truth_rows(found: Skies, directory: Path) -> list[dict[str, Any]]:
    """List the error of the sky of every chip, and how well its mask fits the hits.

    Of skies that are offsets from one image the mean error is no error.

    Raises
    ------
    NotFoundError, ParseError
        When there is no truth, or it does not know an exposure of the run.
    UnreadableFileError
        When an exposure of the field, or its hits, cannot be read.
    """
    from skydb.simulate.masks import score_masks
    from skydb.simulate.truth import FieldTruth

    truth = FieldTruth.load(directory)
    scores = score_masks(truth, directory, found.masks)
    errors = {
        key: sky - truth.exposure(key[0]).sky
        for key, sky in sorted(found.skies.items())
        if sky is not None
    }
    zero = sum(errors.values()) / len(errors) if found.is_relative and errors else 0.0
    return [
        {
            **{"rootname": key[0], "extver": key[1], "sky_error": error - zero},
            "unit": truth.exposure(key[0]).sky_unit.value,
            "cr_masked_pix": found.masked.get(key),
            **_score_cells(scores.get(key)),
        }
        for key, error in errors.items()
    ]


def masks_in_words(found: Skies, directory: Path) -> str:
    """Say in one sentence how well all masks together fit the hits."""
    from skydb.simulate.masks import score_masks, together
    from skydb.simulate.truth import FieldTruth

    total = together(score_masks(FieldTruth.load(directory), directory, found.masks).values())
    if not total.hit:
        return "No masks of cosmic rays to compare, or no hits in the truth."
    return (
        f"cosmic rays: {total.completeness or 0:.1%} of {total.hit} hit pixels masked "
        f"({total.completeness_on_sky or 0:.1%} away from stars), "
        f"{total.false_alarm_rate or 0:.2%} of the clean ones."
    )


def _score_cells(score: MaskScore | None) -> dict[str, Any]:
    """Columns of a score; NULL where there is no mask to compare."""
    if score is None:
        names = ("hit", "found", "completeness", "completeness_on_sky", "false_alarm_rate")
        return dict.fromkeys(names)
    return {
        **{"hit": score.hit, "found": score.found, "completeness": score.completeness},
        "completeness_on_sky": score.completeness_on_sky,
        "false_alarm_rate": score.false_alarm_rate,
    }
