"""``skydb.simulate(...)``: a field of exposures whose truth is known; ``skydb.serve(...)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from skydb.domain.arguments import checked_arguments
from skydb.errors import UsageError

if TYPE_CHECKING:
    from enum import StrEnum

    from skydb.simulate.archive import LoopbackArchive
    from skydb.simulate.plan import FieldPlan
    from skydb.simulate.truth import FieldTruth

    Word = TypeVar("Word", bound=StrEnum)


@checked_arguments
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
    program: str | None = None,
    islands: int = 1,
    cosmic_rays: bool = False,
    exptime_s: float | None = None,
    kind: str | None = None,
    overwrite: bool = False,
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
    program : str, optional
        Program in the rootnames, ``bxl`` when left out. Fields of several proposals in one
        ledger need one each: visits are known by it.
    islands : int
        Groups of tiles that share no sky.
    cosmic_rays : bool
        Cosmic rays, and stars that saturate and bleed on CCDs.
    exptime_s : float, optional
        Seconds of an exposure.
    kind : str, optional
        ``blank``, ``sparse``, ``nebula``, ``galaxy``, ``crowded``, ``matched``, ``gradient``.
    overwrite : bool
        Write over a field that is there, or over other files of the same names.
    progress : callable, optional
        Called with a sentence on each step.

    Returns
    -------
    FieldTruth
        ``exposures`` with ``rootname``, ``sky`` and ``pointing_error_arcsec``.

    Raises
    ------
    UsageError
        When the detector cannot do what is asked, or the directory holds a field.

    Examples
    --------
    >>> truth = skydb.simulate("small", tiles="1x1", dithers=2, size=64)
    >>> len(truth.exposures)
    2
    """
    from skydb.simulate.field import file_names, simulate_field
    from skydb.simulate.whole import require_free

    plan = plan_of(
        detector,
        tiles,
        dithers=dithers,
        size=size,
        seed=seed,
        filter=filter,
        target=target,
        proposal=proposal,
        program=program,
        islands=islands,
        cosmic_rays=cosmic_rays,
        exptime_s=exptime_s,
        kind=kind,
    )
    field = Path(directory)
    if not overwrite:
        require_free(field, file_names(plan))
    return simulate_field(field, plan, progress=progress)


@checked_arguments
def redeliver(
    directory: str | Path,
    *,
    only: str | Iterable[str] = (),
    out: str | Path | None = None,
    shift_mas: float = 40.0,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
) -> FieldTruth:
    """Write exposures of a simulated field again, as the archive does when it reprocesses.

    They have a newer IDCTAB and software, pixels that are 0.1 % brighter and another WCS. The
    field itself does not change.

    Parameters
    ----------
    directory : path-like
        What :func:`simulate` wrote.
    only : str or iterable of str
        Rootnames; all exposures when left out. A visit gets a new product if all its exposures
        are among them.
    out : path-like, optional
        Where to write; ``redelivered`` in the directory of the field when left out.
    shift_mas : float
        How far north the WCS moves, mas.
    overwrite : bool
        Write over a field that is there, or over other files of the same names.
    progress : callable, optional
        Called with a sentence on each step.

    Returns
    -------
    FieldTruth
        Truth of the new files.

    Raises
    ------
    NotFoundError
        When there is no field, or it has no such exposure.
    UsageError
        When `out` is the directory of the field, or holds a field.

    Examples
    --------
    >>> truth = skydb.simulate.redeliver("field", only="ibxl50clq", out="redelivered")
    >>> [exposure.rootname for exposure in truth.exposures]
    ['ibxl50clq']
    """
    from skydb.simulate.redelivery import REDELIVERED_NAME, Redelivery, redeliver_field
    from skydb.simulate.truth import FieldTruth
    from skydb.simulate.whole import require_free

    several = (only,) if isinstance(only, str) else only
    redelivery = Redelivery(tuple(name.strip().lower() for name in several), shift_mas)
    field = Path(directory)
    new = field / REDELIVERED_NAME if out is None else Path(out)
    if not overwrite and new.resolve() != field.resolve():
        old = FieldTruth.load(field)
        for name in redelivery.only:
            old.exposure(name)
        require_free(new, [*(exposure.path for exposure in old.exposures), *old.products])
    return redeliver_field(field, redelivery, new, progress=progress)


@checked_arguments
def serve(directory: str | Path, *, port: int = 0) -> LoopbackArchive:
    """Serve a simulated field as MAST, Gaia and the catalogue service, on this machine.

    It listens until it is stopped: at the end of a ``with`` statement, by ``stop()``, or when
    Python ends.

    Parameters
    ----------
    directory : path-like
        What :func:`simulate` wrote.
    port : int
        Port on 127.0.0.1; 0 for any that is free.

    Returns
    -------
    LoopbackArchive
        For ``archive=`` of :func:`skydb.open` and :func:`skydb.init`.

    Raises
    ------
    NotFoundError, ParseError
        When the directory holds no simulated field.
    ArchiveError
        When the port is taken.

    Examples
    --------
    >>> with skydb.serve("field") as archive, skydb.open(db.url, archive=archive) as ledger:
    ...     ledger.fetch.plan(obs_id="ibxl50*").total_bytes > 0
    True
    """
    from skydb.simulate.archive import LoopbackArchive

    archive = LoopbackArchive(directory, port)
    archive.start()
    return archive


def plan_of(
    detector: str,
    tiles: str | tuple[int, int],
    *,
    filter: str | None = None,
    target: str | None = None,
    proposal: int | None = None,
    program: str | None = None,
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

    named = {
        "filter_name": filter, "target": target, "proposal_id": proposal,
        "program": program.lower() if program else None,
    }  # fmt: skip
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
    try:
        across, up = tiles.lower().split("x") if isinstance(tiles, str) else tiles
        return int(across), int(up)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{tiles!r} is not a number of tiles.", advice="Write 3x3.") from error
