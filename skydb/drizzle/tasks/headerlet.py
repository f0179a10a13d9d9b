"""Headerlets inside the subprocess: made by stwcs, which others will use too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skydb.drizzle.tasks.jobs import working_in


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Make a headerlet of the primary WCS of a file, for every job."""
    for job in request["jobs"]:
        with working_in(job, scratch):
            _create(job)
    return {"jobs": len(request["jobs"])}


def _create(job: dict[str, Any]) -> None:
    from stwcs.wcsutil import headerlet

    made = headerlet.create_headerlet(
        job["image"],
        hdrname=job["hdr_name"],
        destim=job["destination"],
        author=job["author"],
        descrip=job["description"],
        nmatch=job["nmatches"],
        catalog=job["catalog"],
    )
    made.tofile(job["headerlet"], clobber=True)
