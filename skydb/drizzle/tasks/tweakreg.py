"""TweakReg inside the subprocess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skydb.drizzle.tasks.jobs import working_in


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Run TweakReg once for every job of the request."""
    from drizzlepac import tweakreg

    for job in request["jobs"]:
        with working_in(job, scratch):
            tweakreg.TweakReg(list(job["inputs"]), **job["parameters"])
    return {"jobs": len(request["jobs"])}
