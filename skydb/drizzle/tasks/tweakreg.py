"""TweakReg inside the subprocess."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skydb.drizzle.tasks.jobs import working_in
from skydb.drizzle.tasks.lean import TWEAKREG, import_drizzlepac
from skydb.drizzle.tasks.lookups import find_parameter_files_once

Floats = NDArray[np.floating]


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Run TweakReg once for every job of the request."""
    import_drizzlepac(TWEAKREG)
    from drizzlepac import catalogs, imgclasses, tweakreg

    _let_lists_be_empty(catalogs.UserCatalog)
    find_parameter_files_once()
    for job in request["jobs"]:
        # The hull of a few stars is no polygon, and ends TweakReg; the outline of a chip is one.
        imgclasses.IMAGE_USE_CONVEX_HULL = "catfile" not in job["parameters"]
        holding = _scale_of_one() if job["hold_scale"] else nullcontext()
        with working_in(job, scratch), holding:
            tweakreg.TweakReg(list(job["inputs"]), **job["parameters"])
    return {"jobs": len(request["jobs"])}


@contextmanager
def _scale_of_one() -> Iterator[None]:
    """TweakReg's fit of ``rscale``, with the scale held at one: it has no fit of ``rshift``."""
    from drizzlepac import linearfit

    fit_with_scale = linearfit.geomap_rscale

    def fit(xyin: Floats, xyref: Floats, center: object = None) -> dict[str, Any]:
        return _held(linearfit, fit_with_scale(xyin, xyref, center), xyin, xyref)

    linearfit.geomap_rscale = fit
    try:
        yield
    finally:
        linearfit.geomap_rscale = fit_with_scale


def _held(
    linearfit: ModuleType, fit: dict[str, Any], xyin: Floats, xyref: Floats
) -> dict[str, Any]:
    """The best shift and rotation: the rotation is that of the fit with a scale."""
    matrix = np.asarray(fit["fit_matrix"], dtype=float) / float(fit["scale"][0])
    shift = xyin.mean(axis=0) - xyref.mean(axis=0) @ matrix
    held = linearfit.build_fit(
        np.array([*matrix[:, 0], shift[0]]), np.array([*matrix[:, 1], shift[1]]), "rscale"
    )
    residuals = xyin - xyref @ matrix - shift
    return {
        **held,
        "rms": residuals.std(axis=0),
        "resids": residuals,
        "rmse": float(np.sqrt(np.mean(2 * residuals**2))),
        "mae": float(np.mean(np.linalg.norm(residuals, axis=1))),
    }


def _let_lists_be_empty(reader: Any) -> None:  # noqa: ANN401
    """Let a chip have no star: TweakReg crashes on a list without any."""
    real = reader.generateXY

    def generate(catalog: Any, **options: Any) -> None:  # noqa: ANN401
        lines = Path(catalog.source).read_text(encoding="utf-8").splitlines()
        if any(line.strip() and not line.startswith("#") for line in lines):
            real(catalog, **options)
        else:
            catalog.num_objects, catalog.xypos = 0, None

    reader.generateXY = generate
