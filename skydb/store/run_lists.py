"""Lists of activities: read-only questions in SQL, for which no entity is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, bindparam, text

from skydb.domain.columntypes import UtcDateTime
from skydb.domain.vocabulary import ActivityKind, ActivityStatus, LinkRole
from skydb.store.rows import Row, batches

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

#: Keys that are asked for in a statement; of more, all are read.
_FEW = 5000

#: Time of running. It is unknown for an imported run whose log has no date; the time of
#: recording does not replace it.
_RAN_AT = (
    "CASE WHEN a.imported_by_id IS NULL THEN COALESCE(a.started_at, a.created_at)"
    " ELSE a.started_at END"
)

_RUNS = """
SELECT a.id AS run, a.kind, a.status, a.started_at, a.finished_at,
       s.effective_method, s.requested_method, s.downgraded, s.retention,
       COALESCE(g.label, c.name, f.reference) AS about,
       a.agent, a.tool_version, a.skydb_version, a.imported_by_id AS imported_by, a.deleted_at,
       a.error, m.science_path, m.purged_at
  FROM activities a
  LEFT JOIN sky_runs s ON s.id = a.id
  LEFT JOIN mosaics m ON m.run_id = a.id
  LEFT JOIN sky_run_groups g ON g.id = s.group_id
  LEFT JOIN alignment_runs f ON f.id = a.id
  LEFT JOIN reference_catalogs c ON c.id = f.catalog_id
"""

_TIMES = ("started_at", "finished_at", "deleted_at", "purged_at")

_INPUTS = """
SELECT u.activity_id AS run, COALESCE(e.rootname, p.filename) AS name
  FROM activity_used u
  JOIN product_versions v ON v.id = u.version_id
  JOIN products p ON p.id = v.product_id
  LEFT JOIN exposures e ON e.id = p.exposure_id
 WHERE u.activity_id IN :runs AND u.role <> :left_out
UNION
SELECT k.run_id, e.rootname
  FROM sky_values k
  JOIN exposures e ON e.id = k.exposure_id
 WHERE k.run_id IN :runs
   AND NOT EXISTS (SELECT 1 FROM activity_used u WHERE u.activity_id = k.run_id)
UNION
SELECT s.activity_id, COALESCE(e.rootname, p.filename)
  FROM alignment_solutions s
  JOIN alignment_runs r ON r.id = s.activity_id
  JOIN products p ON p.id = s.product_id
  LEFT JOIN exposures e ON e.id = p.exposure_id
 WHERE s.activity_id IN :runs
   AND NOT EXISTS (SELECT 1 FROM activity_used u WHERE u.activity_id = s.activity_id)
"""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """A filter of activities; empty fields do not restrict.

    Parameters
    ----------
    kinds : tuple of ActivityKind
    statuses : tuple of ActivityStatus
    since : datetime, optional
        Only runs that started at this time or later; runs without a known time are left out.
    with_deleted : bool
        Those that were deleted too.
    """

    kinds: tuple[ActivityKind, ...] = ()
    statuses: tuple[ActivityStatus, ...] = ()
    since: datetime | None = None
    with_deleted: bool = False

    def conditions(self) -> dict[str, Any]:
        """Conditions of a select of activities, each with the value that it compares with."""
        several: dict[str, Any] = {}
        if self.kinds:
            several["a.kind IN :kinds"] = [one.value for one in self.kinds]
        if self.statuses:
            several["a.status IN :statuses"] = [one.value for one in self.statuses]
        if self.since is not None:
            several[f":since <= {_RAN_AT}"] = self.since
        if not self.with_deleted:
            several["a.deleted_at IS NULL"] = None
        return several


def runs(
    session: Session | Connection, wanted: RunFilter, among: Collection[int] | None = None
) -> list[Row]:
    """Activities, the newest first; runs without a known time are last.

    Parameters
    ----------
    session : Session or Connection
    wanted : RunFilter
    among : collection of int, optional
        Only these, by key.
    """
    conditions = wanted.conditions()
    if among is not None and len(among) <= _FEW:
        conditions["a.id IN :among"] = sorted(among)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    asked = text(f"{_RUNS}{where} ORDER BY ({_RAN_AT}) IS NULL, {_RAN_AT} DESC, a.id DESC").columns(
        downgraded=Boolean(), **dict.fromkeys(_TIMES, UtcDateTime())
    )
    bound = [
        bindparam(_name(condition), value, UtcDateTime())
        if isinstance(value, datetime)
        else bindparam(_name(condition), value, expanding=True)
        for condition, value in conditions.items()
        if value is not None
    ]
    return [
        dict(row)
        for row in session.execute(asked.bindparams(*bound)).mappings()
        if among is None or row["run"] in among
    ]


def _name(condition: str) -> str:
    """Name of the parameter of a condition."""
    return next(word[1:] for word in condition.split() if word.startswith(":"))


def names_used(session: Session | Connection, runs: Collection[int]) -> dict[int, list[str]]:
    """Inputs of some activities: names of exposures, else of files, sorted.

    A sky run without known files has the exposures of its values, a run of alignment what it
    has fitted.
    """
    found: dict[int, set[str]] = defaultdict(set)
    asked = text(_INPUTS).bindparams(bindparam("runs", expanding=True))
    for batch in batches(runs):
        given = {"runs": batch, "left_out": LinkRole.LEFT_OUT.value}
        for run, name in session.execute(asked, given):
            found[run].add(name)
    return {run: sorted(names) for run, names in found.items()}
