"""Counts of the snapshot, which are taken once: no page counts all rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

#: Exposures with which a ledger is so large that pages ask for parts of it only.
LARGE = 20_000

#: Indexes that pages need and a ledger does not.
_INDEXES = (
    "CREATE INDEX browse_target ON exposures (target_name)",
    "CREATE INDEX browse_subject ON findings (subject)",
)
#: Exposures with their targets, and what is known of the target of a visit alone: a visit of
#: which only products are on record, or exposures that a log named.
TARGETS = (
    "SELECT target_name, visit_id, id FROM exposures UNION ALL"
    " SELECT v.target_name, v.id, NULL FROM visits v WHERE v.target_name IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM exposures e WHERE e.visit_id = v.id"
    " AND e.target_name IS NOT NULL)"
)
_VALUES = (
    "SELECT (SELECT COUNT(*) FROM sky_values) - (SELECT COUNT(*) FROM sky_values WHERE run_id IN"
    " (SELECT id FROM activities WHERE deleted_at IS NOT NULL))"
)
#: Tables of a ledger that are not about observations.
_INTERNAL = ("alembic_version", "sqlite_stat1", "sqlite_sequence")


@dataclass(frozen=True, slots=True)
class FieldFact:
    """A field: the exposures of one target, and the visits to it without any.

    Parameters
    ----------
    target : str or None
        TARGNAME; None for the exposures of which none is known.
    visits, exposures : int
    ra_deg, dec_deg : float or None
        Where the target of one of them is, else where it points; ICRS.
    """

    target: str | None
    visits: int
    exposures: int
    ra_deg: float | None
    dec_deg: float | None


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """Counts of a snapshot.

    Parameters
    ----------
    counts : dict
        Rows of every table.
    fields : tuple of FieldFact
        In the order of their names.
    sky_values : int
        Values of runs that were not deleted.
    findings, runs : dict
        Findings by kind, activities by kind and status.
    modes : tuple of (str, str, int)
        Detector, filter and exposures.
    examples : dict
        Values of this ledger for the parameters of questions.
    """

    counts: dict[str, int]
    fields: tuple[FieldFact, ...]
    sky_values: int
    findings: dict[str, int]
    runs: dict[tuple[str, str], int]
    modes: tuple[tuple[str, str, int], ...]
    examples: dict[str, str]

    @property
    def is_large(self) -> bool:
        """Whether questions about everything take too long for a page."""
        return self.counts["exposures"] > LARGE

    @property
    def question_s(self) -> float:
        """Longest time of one question: where little is asked, a slow machine is waited for."""
        return 1.0 if self.is_large else 10.0

    @property
    def facet_s(self) -> float:
        """Longest time of one facet, without which a table is shown."""
        return 0.15 if self.is_large else 2.0

    def runs_that(self, status: str) -> int:
        """Count the activities of one status."""
        return sum(count for (_, one), count in self.runs.items() if one == status)


def prepare(path: Path) -> LedgerFacts:
    """Count what is in a snapshot, and add the indexes that pages need.

    Parameters
    ----------
    path : Path
        The snapshot, before it is served.
    """
    with closing(sqlite3.connect(path)) as connection:
        for statement in _INDEXES:
            connection.execute(statement)
        connection.commit()
        connection.execute("PRAGMA query_only = 1")
        return _counted(connection)


def _counted(connection: sqlite3.Connection) -> LedgerFacts:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = [name for (name,) in names if name not in _INTERNAL]
    return LedgerFacts(
        {name: _count(connection, name) for name in tables},
        tuple(_fields(connection)),
        int(connection.execute(_VALUES).fetchone()[0]),
        dict(connection.execute("SELECT kind, COUNT(*) FROM v_findings GROUP BY kind")),
        _runs(connection),
        tuple(_modes(connection)),
        _examples(connection),
    )


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0])


def _fields(connection: sqlite3.Connection) -> list[FieldFact]:
    found = connection.execute(
        f"SELECT target_name, COUNT(DISTINCT visit_id), COUNT(id), MIN(id) FROM ({TARGETS})"
        " GROUP BY target_name ORDER BY target_name IS NULL, target_name"
    ).fetchall()
    return [
        FieldFact(target, visits, exposures, *_position(connection, one))
        for target, visits, exposures, one in found
    ]


def _position(
    connection: sqlite3.Connection, exposure: int | None
) -> tuple[float | None, float | None]:
    """Position of the target of an exposure, or else of one of its chips."""
    if exposure is None:
        return None, None
    at = "SELECT ra_targ_deg, dec_targ_deg FROM exposures WHERE id = ?"
    ra, dec = connection.execute(at, (exposure,)).fetchone()
    if ra is not None and dec is not None:
        return ra, dec
    chip = (
        "SELECT c.crval1_deg, c.crval2_deg FROM products p"
        " JOIN alignment_solutions s ON s.product_id = p.id"
        " JOIN chip_solutions c ON c.solution_id = s.id WHERE p.exposure_id = ? LIMIT 1"
    )
    return connection.execute(chip, (exposure,)).fetchone() or (None, None)


def _runs(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    found = connection.execute(
        "SELECT kind, status, COUNT(*) FROM activities WHERE deleted_at IS NULL"
        " GROUP BY kind, status"
    )
    return {(kind, status): count for kind, status, count in found}


def _modes(connection: sqlite3.Connection) -> list[tuple[str, str, int]]:
    return connection.execute(
        "SELECT COALESCE(detector, ''), COALESCE(filters, ''), COUNT(*) FROM exposures"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    ).fetchall()


def _examples(connection: sqlite3.Connection) -> dict[str, str]:
    """Values for the parameters of the cookbook that this ledger has an answer to."""
    asked = {
        "proposal_id": "SELECT proposal_id FROM visits WHERE proposal_id IS NOT NULL LIMIT 1",
        "refcat": "SELECT name FROM reference_catalogs ORDER BY id DESC LIMIT 1",
        "detector": "SELECT detector FROM exposures WHERE detector IS NOT NULL LIMIT 1",
        "ra_deg": "SELECT ROUND(ra_deg, 5) FROM v_footprints LIMIT 1",
        "dec_deg": "SELECT ROUND(dec_deg, 5) FROM v_footprints LIMIT 1",
        "group_id": "SELECT MAX(id) FROM sky_run_groups",
        "run": "SELECT MAX(id) FROM sky_runs",
        "rootname": "SELECT rootname FROM v_footprints LIMIT 1",
    }
    found = {name: connection.execute(sql).fetchone() for name, sql in asked.items()}
    known = {name: str(row[0]) for name, row in found.items() if row and row[0] is not None}
    first, last = connection.execute(
        "SELECT MIN(expstart_mjd), MAX(expstart_mjd) FROM exposures"
    ).fetchone()
    if first is not None:
        known |= {"from_mjd": f"{first - 1:.0f}", "to_mjd": f"{last + 1:.0f}"}
    return known
