"""The full WCS behind a solution on record: its numbers with the distortion of its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from skydb.domain import AlignmentSolution, ProductVersion
from skydb.domain.vocabulary import SolutionOrigin, WcsKind
from skydb.errors import FileRejectedError, NotFoundError, StateError
from skydb.files.headerlets import read_headerlet_wcs
from skydb.files.products import read_hstwcs
from skydb.files.workspace import Workspace
from skydb.services.core import checked_path
from skydb.sky.wcs_change import with_linear_terms

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


def require_every_chip(solution: AlignmentSolution, version: ProductVersion) -> None:
    """Make sure that a solution has a WCS for each chip of a file, as some headerlets have not.

    Raises
    ------
    StateError
        When it lacks one.
    """
    current = version.current_solution
    wanted = {chip.extver for chip in current.chips} if current is not None else set()
    missing = sorted(wanted - {chip.extver for chip in solution.chips})
    if not missing:
        return
    named = f"SCI,{', SCI,'.join(map(str, missing))}"
    is_beside = solution.version.product is not version.product
    of_file = f" in {solution.version.filename}" if is_beside else ""
    raise StateError(
        f"Solution {solution.id} ({solution.wcs_name}{of_file}) has no WCS for {named} of "
        f"{version.filename}.",
        advice=f"Choose one that has every chip (`skydb align history {version.subject}`), or "
        "ingest a whole headerlet.",
    )


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
    if solution.wcs_key == " ":
        return read_hstwcs(path)
    return _with_distortion_of(path, solution)


def wcs_or_like(workspace: Workspace, solution: AlignmentSolution) -> tuple[dict[int, WCS], str]:
    """Build :func:`wcs_of`, or if the file is gone, one with the distortion of another version.

    An archive replaces files under their names. The linear terms are in the ledger; the
    distortion of another version of the product with the same IDCTAB stands in.

    Returns
    -------
    dict of int to astropy.wcs.WCS
        WCS of every chip.
    str
        A sentence on what was assumed; empty when nothing was.
    """
    try:
        return wcs_of(workspace, solution), ""
    except (NotFoundError, FileRejectedError):
        if solution.origin is SolutionOrigin.HEADERLET:
            raise
        for other in solution.version.product.versions:
            if other.idctab == solution.version.idctab and _is_there(workspace, other):
                note = (
                    f"version {solution.version.number} is gone; its distortion was taken to be "
                    f"that of version {other.number}, which has the same IDCTAB"
                )
                return _with_distortion_of(workspace.resolve(other.path), solution), note
        raise


def _is_there(workspace: Workspace, version: ProductVersion) -> bool:
    try:
        checked_path(workspace, version)
    except (NotFoundError, FileRejectedError):
        return False
    return True


def _with_distortion_of(path: Path, solution: AlignmentSolution) -> dict[int, WCS]:
    frames = read_hstwcs(path)
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
