"""``skydb.simulate(...)``: a field of exposures whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from skydb.errors import UsageError

if TYPE_CHECKING:
    from enum import StrEnum

    from skydb.simulate.plan import FieldPlan
    from skydb.simulate.truth import FieldTruth

    Word = TypeVar("Word", bound=StrEnum)


def simulate(
    directory: str | Path,
    *,
    detector: str = "IR",
    tiles: str | tuple[int, int] = "3x3",
    dithers: int = 2,
    size: int | None = None,
    seed: int = 1,
    filter: str | None = None,
    target: str | None = None,
    proposal: int | None = None,
    islands: int = 1,
    cosmic_rays: bool = False,
    exptime_s: float | None = None,
    kind: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> FieldTruth:
    """Write exposures and pipeline products with known skies and pointing errors.

    Parameters
    ----------
    directory : path-like
        Where to write; the truth goes to ``truth.json``.
    detector : str
        ``IR``, ``UVIS`` or ``WFC``.
    tiles : str or tuple of int
        Visits across and up, ``3x3``.
    dithers : int
        Exposures of each visit.
    size : int, optional
        Width of the detector in pixels; full size when left out.
    seed : int
        The same seed gives the same field.
    filter, target, proposal
        FILTER, TARGNAME and PROPOSID of the headers; those of the tutorial when left out.
    islands : int
        Groups of tiles that share no sky.
    cosmic_rays : bool
        Cosmic rays, and stars that saturate and bleed on CCDs.
    exptime_s : float, optional
        Seconds of an exposure.
    kind : str, optional
        ``blank``, ``sparse``, ``nebula``, ``galaxy``, ``crowded``, ``matched``, ``gradient``.
    progress : callable, optional
        Called with a sentence on each step.

    Returns
    -------
    FieldTruth
        ``exposures`` with ``rootname``, ``sky`` and ``pointing_error_arcsec``.

    Raises
    ------
    UsageError
        When the detector cannot do what is asked.

    Examples
    --------
    >>> truth = skydb.simulate("small", tiles="1x1", dithers=2, size=64)
    >>> len(truth.exposures)
    2
    """
    from skydb.simulate.field import simulate_field

    plan = plan_of(
        detector,
        tiles,
        dithers=dithers,
        size=size,
        seed=seed,
        filter=filter,
        target=target,
        proposal=proposal,
        islands=islands,
        cosmic_rays=cosmic_rays,
        exptime_s=exptime_s,
        kind=kind,
    )
    return simulate_field(Path(directory), plan, progress=progress)


def plan_of(
    detector: str,
    tiles: str | tuple[int, int],
    *,
    filter: str | None = None,
    target: str | None = None,
    proposal: int | None = None,
    kind: str | None = None,
    **details: object,
) -> FieldPlan:
    """Make the plan of a field; see :func:`simulate`.

    Raises
    ------
    UsageError
        When there is no such detector or kind, or the tiles are no two numbers.
    """
    from skydb.simulate.plan import FieldKind, FieldPlan, SimDetector

    named = {"filter_name": filter, "target": target, "proposal_id": proposal}
    details |= {name: value for name, value in named.items() if value is not None}
    return FieldPlan(
        detector=_member(SimDetector, detector.upper(), "detector"),
        tiles=_tiles(tiles),
        kind=None if kind is None else _member(FieldKind, kind.lower(), "kind of field"),
        **details,  # type: ignore[arg-type]
    )


def _member(vocabulary: type[Word], text: str, what: str) -> Word:
    try:
        return vocabulary(text)
    except ValueError as error:
        known = ", ".join(vocabulary)
        raise UsageError(f"Unknown {what} {text!r}.", advice=f"Use one of {known}.") from error


def _tiles(tiles: str | Sequence[int]) -> tuple[int, int]:
    if not isinstance(tiles, str):
        across, up = tiles
        return across, up
    across_text, _, up_text = tiles.lower().partition("x")
    try:
        return int(across_text), int(up_text)
    except ValueError as error:
        raise UsageError(f"{tiles!r} is not a number of tiles.", advice="Write 3x3.") from error
