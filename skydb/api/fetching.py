"""``ledger.fetch``: exposures and products from MAST."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from skydb.api.base import Group
from skydb.api.results import Result
from skydb.api.selecting import Names, several
from skydb.archive.endpoints import variables_for as variables_for

if TYPE_CHECKING:
    from skydb.archive.mast import MastQuery
    from skydb.services.intake import FetchPlan, FetchSettings


class Fetching(TypedDict, total=False):
    """Query for products, and settings of their download.

    ``obs_id`` (with ``*``; one or several), ``proposal``, ``filter``, ``target`` and
    ``instrument`` (``WFC3/IR``) are the query; ``products`` the kinds of file (``FLT,DRZ``,
    or ``all``); ``project`` what made them (``CALWF3``, ``CALACS``, ``HAP-SVM``, ``all``);
    ``dest`` the directory of new files; ``jobs`` files at a time; ``attempts`` at each;
    ``timeout_s`` without an answer; ``refresh`` fetches also what is here.
    """

    obs_id: Names
    proposal: int | None
    filter: str | None
    target: str | None
    instrument: str | None
    products: Names
    project: str
    dest: str | Path | None
    jobs: int
    attempts: int
    timeout_s: float
    refresh: bool
    first_wait_s: float


class Fetched(Result):
    """Files of the archive: ``uri``, ``status``, ``bytes``, ``sha256``, ``path`` of each."""


class Planned(Result):
    """Files that the archive has of what was asked for; nothing is fetched yet.

    Attributes
    ----------
    total_bytes : int
        Size of all of them, as far as the archive lists it.
    """

    plan: FetchPlan

    @property
    def total_bytes(self) -> int:
        """Size of all files, as far as the archive lists it."""
        return self.plan.total_bytes


class FetchGroup(Group):
    """Exposures and products from MAST."""

    def __call__(self, **wanted: Unpack[Fetching]) -> Fetched:
        """Find products at MAST, download those that are not here, check and record them.

        Parameters
        ----------
        **wanted
            See :class:`.Fetching`.

        Returns
        -------
        Fetched
            ``uri``, ``status``, ``bytes``, ``sha256``, ``path`` of every file.

        Raises
        ------
        UsageError
            When the query restricts nothing, or a number makes no sense.
        NotFoundError
            When the archive has nothing of this.
        ArchiveError
            When it does not answer.

        Examples
        --------
        >>> files = db.fetch(obs_id="ibxl5*", proposal=12812, filter="F160W")
        >>> {file.rootname[:5] for file in files} == {"ibxl5"}, files.has_failed
        (True, False)
        """
        return self.download(self._planned(wanted, record=True))

    def plan(self, *, record: bool = False, **wanted: Unpack[Fetching]) -> Planned:
        """Show what :meth:`__call__` would fetch.

        Parameters
        ----------
        record : bool
            Keep the query on record, for :meth:`download`.
        **wanted
            See :class:`.Fetching`.

        Raises
        ------
        UsageError, ArchiveError
            When nothing is asked for, or the archive cannot be reached.

        Examples
        --------
        >>> db.fetch.plan(obs_id="ibxl50*").total_bytes > 0
        True
        """
        return self._planned(wanted, record=record)

    def download(self, planned: Planned) -> Fetched:
        """Fetch what was planned with ``record=True``.

        Parameters
        ----------
        planned : Planned
            What :meth:`plan` gave.

        Raises
        ------
        ArchiveError
            When the archive cannot be reached.

        Examples
        --------
        >>> plan = db.fetch.plan(record=True, obs_id="ibxl50*")
        >>> files = db.fetch.download(plan)
        """
        files = self._services.fetch.download(planned.plan)
        return Fetched(
            files,
            has_failed=any(file.is_unusable for file in files),
            is_flagged=any(file.is_flagged for file in files),
        )

    def _planned(self, wanted: Fetching, *, record: bool) -> Planned:
        query, settings = _asked(wanted)
        plan = self._services.fetch.plan(query, settings, record=record)
        found = Planned(plan.files, is_flagged=any(file.is_flagged for file in plan.files))
        found.plan = plan
        return found


def _asked(wanted: Fetching) -> tuple[MastQuery, FetchSettings]:
    from skydb.archive.mast import MastQuery
    from skydb.services.intake import FetchSettings

    given = dict(wanted)
    project = str(given.pop("project", "CALWF3"))
    query = MastQuery(
        several(wanted.get("obs_id")),
        wanted.get("proposal"),
        wanted.get("filter"),
        wanted.get("target"),
        wanted.get("instrument"),
        _kinds(wanted.get("products", "FLT,DRZ")),
        None if project.lower() == "all" else project.upper(),
    )
    dest = wanted.get("dest")
    how = {name: given[name] for name in _HOW if name in given}
    return query, FetchSettings(None if dest is None else Path(dest), **how)  # type: ignore[arg-type]


_HOW = ("jobs", "attempts", "timeout_s", "refresh", "first_wait_s")


def _kinds(names: Names) -> tuple[str, ...]:
    words = [word.strip().upper() for text in several(names) for word in text.split(",")]
    return () if "ALL" in words else tuple(filter(None, words))
