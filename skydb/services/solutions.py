"""The full WCS behind a solution on record: its numbers with the distortion of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution
from skydb.domain.vocabulary import SolutionOrigin, WcsKind
from skydb.errors import NotFoundError, StateError
from skydb.files.headerlets import read_headerlet_wcs
from skydb.files.products import read_hstwcs
from skydb.files.workspace import Workspace
from skydb.services.versions import checked_path
from skydb.sky.wcs_diff import with_linear_terms

if TYPE_CHECKING:
    from astropy.wcs import WCS


def find_solution(session: Session, solution_id: int) -> AlignmentSolution:
    """A solution by its id.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    solution = session.get(AlignmentSolution, solution_id)
    if solution is None:
        advice = "See `skydb align history ROOTNAME` for the ids."
        raise NotFoundError(f"There is no solution {solution_id}.", advice=advice)
    return solution


def wcs_of(workspace: Workspace, solution: AlignmentSolution) -> dict[int, WCS]:
    """WCS of every chip in one solution, by EXTVER, with distortion.

    The primary WCS of a file is taken as it stands; any other one has the linear terms
    of the ledger and the distortion of the file it belongs to, except that of OPUS, which
    has none. A headerlet brings its own.

    Raises
    ------
    StateError
        When the solution has no WCS, as a fit that failed.
    NotFoundError, FileRejectedError
        When the file is gone, or no longer what is on record.
    """
    if not solution.chips:
        raise StateError(
            f"Solution {solution.id} of {solution.version.filename} has no WCS.",
            advice="It is a fit that failed.",
        )
    path = checked_path(workspace, solution.version)
    if solution.origin is SolutionOrigin.HEADERLET:
        found = read_headerlet_wcs(path, solution.hdr_name, solution.wcs_name)
        return _sized(found, solution)
    frames = read_hstwcs(path)
    if solution.wcs_key == " ":
        return frames
    distorted = solution.wcs_kind is not WcsKind.PIPELINE
    chips = {chip.extver: chip.geometry for chip in solution.chips}
    missing = sorted(chips.keys() - frames.keys())
    if missing:
        raise NotFoundError(f"{path.name} has no SCI,{missing[0]} for solution {solution.id}.")
    return {
        extver: with_linear_terms(frames[extver], chip, distorted=distorted)
        for extver, chip in chips.items()
    }


def _sized(found: dict[int, WCS], solution: AlignmentSolution) -> dict[int, WCS]:
    """Sizes of the images as far as they were known when the headerlet was read."""
    for chip in solution.chips:
        if chip.naxis1_pix and chip.extver in found:
            found[chip.extver].pixel_shape = (chip.naxis1_pix, chip.naxis2_pix)
    return found
