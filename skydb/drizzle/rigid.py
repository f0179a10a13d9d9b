"""Exposures moved as rigid bodies: the fit and the new WCS by tweakwcs, both examined.

tweakwcs fits the matches that it is given and writes the linear terms of every chip into copies.
That it fitted what skydb fits to the same matches, and that every chip moved on the sky as the
fit says, is measured here; an exposure of which one of the two is not so has no fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.tweakreg import PROPOSED_NAME
from skydb.drizzle.workspace import copies_in, fresh_directory
from skydb.files.products import read_hstwcs
from skydb.sky.displacement import sky_grid
from skydb.sky.geometry import MAS_PER_RADIAN, off_tangent_plane, separations_mas, tangent_plane
from skydb.sky.planemaps import PlaneMap

Floats = NDArray[np.float64]

#: A chip that is so far, anywhere, from where the fit puts it was not moved by the fit.
RIGID_LIMIT_MAS = 0.1

_MAS_PER_DEG = 3.6e6
#: East is to the left in the plane as it is to be seen.
_HANDED = np.diag((-1.0, 1.0))


@dataclass(frozen=True, eq=False)
class RigidBody:
    """One body to be moved; positions and maps are in mas to the east and north of `centre`.

    Parameters
    ----------
    exposures : sequence of Path
        Its members, which are not touched.
    moves : sequence of PlaneMap
        How each is moved first, to agree with the others.
    centre : ndarray, shape (3,)
        Unit vector of the tangent point.
    pixel_mas : float
        Unit of the numbers of the fit.
    geometry : str
        ``shift``, ``rshift``, ``rscale`` or ``general``.
    placed : PlaneMap
        The fit of the body, as skydb has it.
    stars_mas, sources_mas : ndarray, shape (N, 2)
        Its matches; none for a body that stays where it is.
    """

    exposures: Sequence[Path]
    moves: Sequence[PlaneMap]
    centre: Floats
    pixel_mas: float
    geometry: str
    placed: PlaneMap
    stars_mas: Floats
    sources_mas: Floats


@dataclass(frozen=True, eq=False)
class RigidFit:
    """Fit of one body by tweakwcs, in pixels of its plane: x to the west, y to the north.

    Parameters
    ----------
    copies : tuple of Path
        Copies of the exposures whose primary WCS is the fit.
    shift_pix : ndarray, shape (2,)
        Movement of the middle of the matches.
    rotation_deg, scale : float
        Of the body; the rotation as TweakReg gives it.
    residuals_pix : ndarray, shape (N, 2)
        Source minus star.
    log : Path
    reason : str or None
        Why the fit is none, for the whole body.
    """

    copies: tuple[Path, ...]
    shift_pix: Floats
    rotation_deg: float
    scale: float
    residuals_pix: Floats
    log: Path
    reason: str | None = None


def move_bodies(
    runner: DrizzlepacRunner, bodies: Sequence[RigidBody], scratch: Path
) -> list[RigidFit]:
    """Fit and move bodies, in one subprocess.

    Parameters
    ----------
    runner : DrizzlepacRunner
    bodies : sequence of RigidBody
    scratch : Path
        Directory for the copies and the log.

    Raises
    ------
    ToolCrashedError, ToolSilentFailureError
        When tweakwcs failed.
    UsageError
        When two exposures of one body have the same name.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    jobs, copies = [], []
    for body in bodies:
        directory = fresh_directory(scratch, "group")
        copies.append(tuple(copies_in(scratch / directory, body.exposures)))
        jobs.append(_job(body, directory, copies[-1]))
    outcome: Mapping[str, Any] = runner.run("rigid", {"jobs": jobs}, scratch)
    return [
        _examined(body, found, made, scratch / "rigid.log")
        for body, found, made in zip(bodies, outcome["fits"], copies, strict=True)
    ]


def _job(body: RigidBody, directory: str, copies: Sequence[Path]) -> dict[str, object]:
    ra, dec = off_tangent_plane(np.zeros((1, 2)), body.centre)[0]
    return {
        "directory": directory,
        "inputs": [copy.name for copy in copies],
        "centre_deg": [float(ra), float(dec)],
        "pixel_deg": body.pixel_mas / _MAS_PER_DEG,
        "geometry": body.geometry,
        "wcsname": PROPOSED_NAME,
        "moves": [_in_pixels(move, body.pixel_mas) for move in body.moves],
        "stars_pix": (body.stars_mas @ _HANDED / body.pixel_mas).tolist(),
        "sources_pix": (body.sources_mas @ _HANDED / body.pixel_mas).tolist(),
    }


def _in_pixels(move: PlaneMap, pixel_mas: float) -> dict[str, object]:
    return {
        "matrix": (_HANDED @ move.matrix @ _HANDED).tolist(),
        "shift_pix": (_HANDED @ move.shift / pixel_mas).tolist(),
    }


def _examined(
    body: RigidBody, found: Mapping[str, Any], copies: tuple[Path, ...], log: Path
) -> RigidFit:
    """The fit of one body, with the reason when it is none."""
    matrix, shift = np.array(found["matrix"]), np.array(found["shift_pix"])
    theirs = PlaneMap(_HANDED @ matrix @ _HANDED, _HANDED @ shift * body.pixel_mas)
    rigid = tuple(
        _distance_mas(path, copy, body, theirs.after(move))
        for path, copy, move in zip(body.exposures, copies, body.moves, strict=True)
    )
    middle = body.stars_mas.mean(axis=0) if len(body.stars_mas) else np.zeros(2)
    return RigidFit(
        copies=copies,
        shift_pix=_HANDED @ theirs.moved(middle) / body.pixel_mas,
        rotation_deg=float(np.degrees(theirs.turn_rad)),
        scale=theirs.scale,
        residuals_pix=np.array(found["residuals_pix"]).reshape(-1, 2),
        log=log,
        reason=_contradiction(body, theirs, rigid),
    )


def _contradiction(body: RigidBody, theirs: PlaneMap, rigid: Sequence[float]) -> str | None:
    apart = theirs(body.stars_mas) - body.placed(body.stars_mas)
    if len(apart) and np.abs(apart).max() > RIGID_LIMIT_MAS:
        return f"tweakwcs and skydb fit the same matches {np.abs(apart).max():.3g} mas apart"
    worst = int(np.argmax(rigid))
    if rigid[worst] > RIGID_LIMIT_MAS:
        name = body.exposures[worst].name
        return f"tweakwcs moved {name} {rigid[worst]:.3g} mas away from where the fit puts it"
    return None


def _distance_mas(path: Path, copy: Path, body: RigidBody, move: PlaneMap) -> float:
    """Largest distance of a pixel grid over every chip from where a map puts it."""
    before, after = sky_grid(read_hstwcs(path)), sky_grid(read_hstwcs(copy))
    worst = 0.0
    for extver, radec in before.items():
        places = move(tangent_plane(radec, body.centre) * MAS_PER_RADIAN)
        wanted = off_tangent_plane(places / MAS_PER_RADIAN, body.centre)
        worst = max(worst, float(separations_mas(wanted, after[extver]).max()))
    return worst
