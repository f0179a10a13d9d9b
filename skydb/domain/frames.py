"""Frame of an exposure: a catalogue, the archive's, or that of a visit it was aligned to.

Visits that were aligned to each other are in the frame of the visit that stayed, which holds no
fit itself. The fit of the others is worth what the position of that visit is worth.
"""

from __future__ import annotations

from collections.abc import Iterable

from skydb.domain.alignment import AlignmentRun
from skydb.domain.solution import AlignmentSolution
from skydb.domain.version import ProductVersion
from skydb.domain.vocabulary import WcsKind

#: File versions whose own WCS is a frame; none of them where it is that of a catalogue.
Base = frozenset[ProductVersion]


def resting_of(solution: AlignmentSolution) -> tuple[ProductVersion, ...]:
    """File versions that stayed when a solution was aligned to them; none of other fits."""
    fit = solution
    while fit.source is not None:
        fit = fit.source
    run = fit.activity
    return run.at_rest(fit) if isinstance(run, AlignmentRun) else ()


def frame_of(solution: AlignmentSolution) -> str:
    """Name the frame to which the WCS of a solution was aligned."""
    if solution.is_fitted:
        for version in resting_of(solution)[:1]:
            stays = version.current_solution
            return frame_of(stays) if stays else "no WCS"
        catalog = solution.catalog.name if solution.catalog else solution.fit_catalog
        return f"fitted to {catalog}"
    if solution.wcs_kind is WcsKind.FIT:
        catalog = solution.fit_catalog or solution.wcs_name
        return "Gaia" if catalog.upper().startswith("GAIA") else catalog
    if solution.wcs_kind is WcsKind.A_PRIORI:
        return f"a priori {solution.fit_catalog}"
    if solution.wcs_kind is WcsKind.USER:
        return f"WCSNAME {solution.wcs_name}"
    return "guide stars"


class Bases:
    """Frames that accepted fits of some file versions rest on; each run is looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str | None], Base] = {}

    def of(self, version: ProductVersion) -> Base | None:
        """Versions in whose frame a version is, empty for a catalogue; None without a fit."""
        solution = version.accepted_solution
        if solution is None:
            return None
        fit = solution
        while fit.source is not None:
            fit = fit.source
        key = (id(fit.activity), fit.group_name)
        if key not in self._known:
            self._known[key] = self._base(resting_of(fit))
        return self._known[key]

    def _base(self, resting: tuple[ProductVersion, ...]) -> Base:
        bases = [self.of(one) for one in resting]
        known = [base for base in bases if base is not None]
        # A visit that was itself aligned hands its frame on.
        return known[0] if bases and len(known) == len(bases) else frozenset(resting)


def apart(bases: Iterable[Base]) -> list[Base]:
    """Join bases that share a version; more than one left are different frames.

    Examples
    --------
    >>> apart([frozenset(), frozenset()])
    [frozenset()]
    """
    found: list[Base] = []
    for base in bases:
        joined = base
        others = []
        for known in found:
            if known == joined or known & joined:
                joined |= known
            else:
                others.append(known)
        found = [*others, joined]
    return found
