"""Common steps of the acceptance of every kind of fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from skydb.domain import Acceptance, AlignmentRun, ProductVersion, Stamp
from skydb.domain.processmark import Fate
from skydb.domain.values import WcsName
from skydb.domain.vocabulary import ActivityStatus, SolutionStatus
from skydb.errors import StateError
from skydb.services.core import Context, Fates, named_apart, plain_name
from skydb.store.required import require_run

#: Other changes in the transaction of an acceptance.
Then = Callable[[Session, Acceptance], None]


#: Part of the names of fits of versions whose distortion has no name.
_UNKNOWN = "unknown"


def nothing(_: Session, __: Acceptance) -> None:
    """Add nothing to the transaction of an acceptance."""


def run_of(session: Session, run_id: int) -> AlignmentRun:
    """An alignment run whose fits may be reviewed.

    Raises
    ------
    NotFoundError
        When there is none of that number.
    StateError
        When it is not finished: later fits may lower the trust of earlier ones.
    """
    run = require_run(session, AlignmentRun, run_id)
    if run.status is ActivityStatus.RUNNING:
        _require_gone(session, run)
    return run


def _require_gone(session: Session, run: AlignmentRun) -> None:
    if Fates().of_activity(session, run) is not Fate.DEAD:
        raise StateError(
            f"Alignment run {run.id} is running.",
            advice="Wait for its end, or interrupt it: the fits that are done then stand.",
        )


def beginning(
    run_id: int, solutions: Sequence[int], force_why: str | None, inputs: Sequence[int]
) -> Callable[[Session, Stamp], Acceptance]:
    """Begins the acceptance of some fits of a run, with links to all file versions it uses."""
    parameters = {"run": run_id, "solutions": list(solutions), "force_why": force_why}

    def begin(session: Session, stamp: Stamp) -> Acceptance:
        acceptance = Acceptance(session.get_one(AlignmentRun, run_id), parameters, stamp)
        for version_id in inputs:
            acceptance.use(session.get_one(ProductVersion, version_id))
        return acceptance

    return begin


def versions_apart(context: Context, paths: Mapping[int, Path], directory: Path) -> dict[int, Path]:
    """Paths of file versions that tools can take, of which no two have the same file name."""
    with context.store.reading() as session:
        plain = {key: plain_name(session.get_one(ProductVersion, key)) for key in paths}
    return named_apart(paths, plain, directory)


def free_name(fitted: ProductVersion, exposures: Sequence[ProductVersion], catalog: str) -> str:
    """Choose a WCSNAME that is in no header of these versions, nor of others made of them.

    Raises
    ------
    StateError
        When all of them are taken.
    """
    solutions = [s for v in (fitted, *exposures) for one in _made_of(v) for s in one.solutions]
    in_headers = (SolutionStatus.RECORDED, SolutionStatus.APPLIED)
    taken = {s.wcs_name.upper() for s in solutions if s.status in in_headers}
    base = WcsName.fitted_by_skydb(_corrected(fitted, exposures), catalog)
    candidates = (base.text, *(f"{base.text[:37]}-{number}" for number in range(2, 27)))
    for name in candidates:
        if name.upper() not in taken:
            return name
    raise StateError(f"{fitted.filename} has too many solutions named {base}.")


def _corrected(fitted: ProductVersion, exposures: Sequence[ProductVersion]) -> WcsName:
    """Make a WCSNAME with the distortion of the versions; an empty one when there is none.

    A version that an acceptance of exposures made holds the fit of an earlier one, and has no
    solution of its own.
    """
    for version in (*exposures, fitted):
        for one in (version, *_made_of(version)):
            for solution in (*one.solutions, *one.applied_solutions):
                if solution.distortion not in (None, _UNKNOWN):
                    return WcsName.parse(solution.wcs_name)
    return WcsName.parse("")


def _made_of(version: ProductVersion) -> list[ProductVersion]:
    """List the versions of one archive version of a file."""
    return [one for one in version.product.versions if one.delivery == version.delivery]
