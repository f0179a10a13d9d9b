"""TweakBack inside the subprocess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skydb.drizzle.tasks.jobs import working_in
from skydb.drizzle.tasks.lean import TWEAKBACK, import_drizzlepac


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Apply the fit of every job's drizzled product to its exposures."""
    import_drizzlepac(TWEAKBACK)
    from drizzlepac import tweakback

    for job in request["jobs"]:
        with working_in(job, scratch):
            tweakback.apply_tweak(
                f"{job['drizzled']}[{job['extension']}]",
                orig_wcs_name=None,
                orig_wcs_key=job["original_key"],
                output_wcs_name=job["output_name"],
                input_files=",".join(job["exposures"]),
            )
    return {"jobs": len(request["jobs"])}
