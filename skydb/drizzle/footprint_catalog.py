"""drizzlepac's ``create_astrometric_catalog``, and what it really asked of the service.

It never looks at the status of an answer, waits for ever, turns a failure into an empty
table, asks again without EPOCH when the service says "Error" while its table goes on
claiming the epoch, and leaves ``footprint.reg`` in the current directory. So it runs in a
scratch directory, in a subprocess that ends in time and writes down every request.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.tasks.catalog import OUTPUT, REQUESTS
from skydb.drizzle.workspace import fresh_directory
from skydb.errors import ArchiveError, ToolCrashedError, UsageError

SERVICE = "GSSS"
CATALOG = "GAIAedr3"
_ADVICE = "Try again later; a query that was answered before needs no service."


@dataclass(frozen=True, slots=True)
class CatalogRequest:
    """One request that drizzlepac made.

    Parameters
    ----------
    url : str
        With its parameters.
    status : int or None
        HTTP status; None when no answer came.
    error : str or None
        Why none came.
    first_line : str
        Begin of the answer.
    """

    url: str
    status: int | None = None
    error: str | None = None
    first_line: str = ""

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Self:
        """Make it from the record of the task."""
        return cls(**{item.name: entry[item.name] for item in fields(cls) if item.name in entry})

    @property
    def problem(self) -> str | None:
        """Problem of the answer by HTTP status and first line; None if there is none."""
        if self.error is not None:
            return self.error
        if self.status != 200:
            return f"HTTP status {self.status}"
        if self.first_line.startswith("Error"):
            return self.first_line
        return None


@dataclass(frozen=True, slots=True)
class FootprintAnswer:
    """Result of one call.

    Parameters
    ----------
    table : Path
        ECSV as drizzlepac wrote it, below the scratch directory.
    sources : int
        Its rows.
    requests : tuple of CatalogRequest
        Everything that was asked; the last one gave the table.
    claimed_epoch : float or None
        What drizzlepac says of the epoch, true or not.
    """

    table: Path
    sources: int
    requests: tuple[CatalogRequest, ...]
    claimed_epoch: float | None

    @property
    def source(self) -> CatalogRequest:
        """The request that the table is the answer to."""
        return self.requests[-1]


class FootprintCatalog:
    """Asks for the sources within the joint footprint of images.

    Parameters
    ----------
    runner : DrizzlepacRunner
        Its timeout bounds the whole call.
    service_url : str
        What drizzlepac shall take for ASTROMETRIC_CATALOG_URL.
    request_timeout_s : float
        Longest time without data from the service.
    """

    def __init__(
        self, runner: DrizzlepacRunner, service_url: str, request_timeout_s: float = 120.0
    ) -> None:
        self._runner = runner
        self._service_url = service_url
        self._request_timeout_s = request_timeout_s

    def ask(self, images: Sequence[Path], epoch: float | None, scratch: Path) -> FootprintAnswer:
        """Sources around the images, moved by the service to an epoch.

        Parameters
        ----------
        images : sequence of Path
            FITS files with WCS; only read.
        epoch : float or None
            Julian year; None leaves the positions as the catalogue has them.
        scratch : Path
            Directory of the call.

        Raises
        ------
        UsageError
            Without images, or with two of one name.
        ArchiveError
            When the service failed, was too slow, or has no source there.
        ToolCrashedError
            When drizzlepac failed before it asked.
        """
        directory = _stage(images, scratch)
        job = {
            "directory": directory.name,
            "inputs": [image.name for image in images],
            "catalog": CATALOG,
            "epoch": epoch,
        }
        request = {
            "service_url": self._service_url,
            "request_timeout_s": self._request_timeout_s,
            "jobs": [job],
        }
        try:
            report = self._runner.run("catalog", request, scratch)
        except ToolCrashedError as error:
            made = _requests(directory)
            if not made:
                raise
            raise self._failure(made, str(error)) from error
        return self._answer(report, directory)

    def _answer(self, report: dict[str, Any], directory: Path) -> FootprintAnswer:
        made = _requests(directory)
        one = report["jobs"][0]
        answer = FootprintAnswer(
            directory / OUTPUT, int(one["sources"]), made, one["claimed_epoch"]
        )
        if not made or made[-1].problem or not answer.sources or not answer.table.is_file():
            raise self._failure(made, "no source in the answer")
        return answer

    def _failure(self, made: Sequence[CatalogRequest], otherwise: str) -> ArchiveError:
        problem = made[-1].problem if made else None
        if problem == "unfinished":
            problem = f"no answer within {self._runner.timeout_s:g} s"
        return ArchiveError(
            SERVICE, f"{self._service_url} failed ({problem or otherwise})", advice=_ADVICE
        )


def _stage(images: Sequence[Path], scratch: Path) -> Path:
    """A new directory with links: short names for drizzlepac, and nothing to write to."""
    names = {image.name for image in images}
    if not images or len(names) < len(images):
        raise UsageError("A footprint is that of one or more images, each given once.")
    scratch.mkdir(parents=True, exist_ok=True)
    directory = scratch / fresh_directory(scratch, "footprint")
    directory.mkdir()
    for image in images:
        (directory / image.name).symlink_to(image.resolve())
    return directory


def _requests(directory: Path) -> tuple[CatalogRequest, ...]:
    record = directory / REQUESTS
    if not record.is_file():
        return ()
    entries = json.loads(record.read_text(encoding="utf-8"))
    return tuple(CatalogRequest.from_json(entry) for entry in entries)
