"""``create_astrometric_catalog`` inside the subprocess, with a record of its requests."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skydb.drizzle.tasks.jobs import working_in

#: Every request in order, written when it begins and when it ends.
REQUESTS = "requests.json"
OUTPUT = "catalog.ecsv"


def run(request: dict[str, Any], scratch: Path) -> dict[str, object]:
    """Ask for the sources within the footprint of every job's images."""
    # Read when drizzlepac is imported, and never again.
    os.environ["ASTROMETRIC_CATALOG_URL"] = request["service_url"]
    from drizzlepac.haputils import astrometric_utils

    reports = []
    for job in request["jobs"]:
        limit_s = float(request["request_timeout_s"])
        with working_in(job, scratch) as directory, recorded(directory / REQUESTS, limit_s):
            table = astrometric_utils.create_astrometric_catalog(
                list(job["inputs"]),
                catalog=job["catalog"],
                output=OUTPUT,
                use_footprint=True,
                full_catalog=True,
                user_epoch=job["epoch"],
            )
        claimed = table.meta.get("epoch") if table else None
        reports.append({"sources": len(table or ()), "claimed_epoch": claimed})
    return {"jobs": reports}


@contextmanager
def recorded(record: Path, timeout_s: float) -> Iterator[list[dict[str, object]]]:
    """Record every ``requests.get``, and give it the timeout that drizzlepac does not.

    drizzlepac never looks at the status of an answer, and asks again without EPOCH when
    it begins with "Error".
    """
    import requests

    real: Callable[..., requests.Response] = requests.get
    seen: list[dict[str, object]] = []

    def recorder(url: str, **options: Any) -> requests.Response:  # noqa: ANN401
        entry: dict[str, object] = {"url": url, "status": None, "error": "unfinished"}
        seen.append(entry)
        _write(record, seen)
        began_s = time.monotonic()
        try:
            answer = real(url, **{"timeout": timeout_s, **options})
        except BaseException as error:
            entry["error"] = f"{type(error).__name__}: {error}"
            raise
        else:
            entry.update(error=None, status=answer.status_code, bytes=len(answer.content))
            entry["first_line"] = _first_line(answer.content)
        finally:
            entry["seconds"] = time.monotonic() - began_s
            _write(record, seen)
        return answer

    requests.get = recorder  # type: ignore[assignment]
    try:
        yield seen
    finally:
        requests.get = real


def _first_line(content: bytes) -> str:
    start = content[:200].decode("utf-8", errors="replace")
    return start.splitlines()[0] if start.strip() else ""


def _write(record: Path, seen: list[dict[str, object]]) -> None:
    record.write_text(json.dumps(seen, indent=1), encoding="utf-8")
