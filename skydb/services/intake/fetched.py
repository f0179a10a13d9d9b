"""Settings, plan and results of a fetch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skydb.archive.file_store import FileStore
from skydb.archive.mast import MastProduct, MastQuery
from skydb.domain.vocabulary import FetchStatus
from skydb.errors import UsageError
from skydb.services.intake.fetch_attempts import printable

#: Characters shown of a name that no HST file has.
_LONGEST_NAME = 80
_UNUSABLE = (FetchStatus.FAILED, FetchStatus.CORRUPT)


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Settings of a fetch.

    Parameters
    ----------
    dest : Path, optional
        Where new files go; ``mast/`` below the data root when None.
    jobs : int
        Files fetched at the same time.
    attempts : int
        How often a file, or a query, is tried.
    timeout_s : float
        Longest silence of the archive.
    refresh : bool
        Fetch also what is here already.
    first_wait_s : float
        Bound of the random wait before the second attempt; longer before each further one.

    Raises
    ------
    UsageError
        When a number makes no sense.
    """

    dest: Path | None = None
    jobs: int = 4
    attempts: int = 5
    timeout_s: float = 60.0
    refresh: bool = False
    first_wait_s: float = 0.5

    def __post_init__(self) -> None:
        if self.jobs < 1 or self.attempts < 1 or not self.timeout_s > 0:
            raise UsageError("Jobs, attempts and the timeout must be positive.")


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """Result of one file; ``reason`` may also be a remark on a good one."""

    uri: str
    filename: str
    rootname: str
    status: FetchStatus
    bytes: int | None
    sha256: str | None = None
    path: str | None = None
    kind: str | None = None
    project: str | None = None
    attempts: int = 0
    error: str | None = None
    reason: str | None = None
    version: int | None = None

    @property
    def is_unusable(self) -> bool:
        """Whether it was asked for and is not here."""
        return self.status in _UNUSABLE

    @property
    def is_flagged(self) -> bool:
        """Whether it has a remark."""
        return self.status is FetchStatus.REJECTED or self.reason is not None


@dataclass(frozen=True)
class FetchPlan:
    """Files of the archive that fit the request."""

    query: MastQuery
    settings: FetchSettings
    products: tuple[MastProduct, ...]
    files: tuple[FetchedFile, ...]

    @property
    def total_bytes(self) -> int:
        """Size of all files that are not here and may be fetched, as far as it is listed."""
        here = {file.uri for file in self.files if file.status is FetchStatus.CACHED}
        return sum(
            product.size_bytes or 0
            for product in self.products
            if not product.name_problem and printable(product.uri) not in here
        )


def planned_file(product: MastProduct, file_store: FileStore) -> FetchedFile:
    """A file of which only the archive's listing is known."""
    problem = product.name_problem
    if problem is None:
        try:
            path: str | None = str(file_store.home(product))
        except UsageError as error:
            path, problem = None, error.what
    return FetchedFile(
        uri=printable(product.uri),
        filename=printable(product.filename, _LONGEST_NAME) if problem else product.filename,
        rootname=printable(product.directory, _LONGEST_NAME) if problem else product.directory,
        status=FetchStatus.PLANNED if problem is None else FetchStatus.REJECTED,
        bytes=None if problem else product.size_bytes,
        path=None if problem else path,
        kind=product.kind,
        project=product.project,
        reason=problem,
    )
