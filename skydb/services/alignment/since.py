"""Exposures that were moved between a fit and its acceptance.

A fit belongs to the file version that it was made of. When the exposure was aligned in between,
an absolute fit of the earlier version is still valid and replaces the other one, with a
flag. A fit of one visit to another one is no longer valid when the other has moved: it is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from skydb.domain import AlignmentRun, AlignmentSolution, ProductVersion


def aligned_later(version: ProductVersion) -> ProductVersion | None:
    """The present file of an exposure, when it was aligned after some version; or None."""
    latest = version.product.latest
    if latest is version or not version.is_newest_delivery:
        return None
    return latest if latest.accepted_solution is not None else None


def replaced(versions: Iterable[ProductVersion]) -> dict[str, str]:
    """Describe the alignments that the acceptance of fits replaces, by rootname."""
    found = {}
    for version in versions:
        later = aligned_later(version)
        if later is not None and later.accepted_solution is not None:
            found[version.subject] = (
                f"{later.reference} was aligned since ({later.accepted_solution.wcs_name}); this "
                f"fit starts from {version.reference} and takes the place of that one."
            )
    return found


def rested_elsewhere(run: AlignmentRun, solution: AlignmentSolution) -> str | None:
    """Explain why a fit of a visit to another visit is no longer valid, or None.

    Parameters
    ----------
    run : AlignmentRun
    solution : AlignmentSolution
        One of its fits.
    """
    stays = run.at_rest(solution)
    moved = [one for one in stays if one.product.latest is not one]
    if not moved:
        return None
    product, visit = moved[0].product, moved[0].product.visit.label
    return (
        f"it was aligned to visit {visit}, of which {product.latest.reference} "
        f"stands in the place of {moved[0].reference} since. Align the visits again."
    )
