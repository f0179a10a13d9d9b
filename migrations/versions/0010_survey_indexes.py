"""Indexes and views for a survey of a million exposures.

Why each is as it is, with what it costs and saves, is in ``docs/performance.md``.

Revision ID: 0010
Revises: 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: References that few rows have. A full index on them is large, and SQLite takes it for a
#: good way to find the millions of rows that have none.
SPARSE = (
    ("alignment_solutions", "superseded_by_id"),
    ("alignment_solutions", "source_id"),
    ("alignment_solutions", "applied_version_id"),
    ("activities", "imported_by_id"),
    ("sky_runs", "replay_of_id"),
)

#: The newest good run of each method of a group is looked up for each run, so that a
#: question about one group or exposure does not sort all runs first.
COMPARISON = """
        SELECT r.group_id, e.rootname, sv.extver,
               MAX(CASE WHEN r.effective_method = 'localmin' THEN sv.mdrizsky END) AS localmin,
               MAX(CASE WHEN r.effective_method = 'match' THEN sv.mdrizsky END) AS match,
               MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN sv.mdrizsky END)
                   AS globalmin_match,
               MAX(CASE WHEN r.effective_method = 'globalmin' THEN sv.mdrizsky END) AS globalmin,
               MAX(sv.unit) AS unit, v.proposal_id, v.program, v.number AS visit,
               e.filters AS filter, e.detector
          FROM sky_runs r
          JOIN activities a ON a.id = r.id
          JOIN sky_values sv ON sv.run_id = r.id
          JOIN exposures e ON e.id = sv.exposure_id
          JOIN visits v ON v.id = e.visit_id
         WHERE a.status = 'succeeded' AND a.deleted_at IS NULL AND r.effective_method IS NOT NULL
           AND r.replay_of_id IS NULL
           AND NOT EXISTS (
               SELECT 1 FROM sky_runs n JOIN activities b ON b.id = n.id
                WHERE n.group_id = r.group_id AND n.effective_method = r.effective_method
                  AND n.id > r.id AND b.status = 'succeeded' AND b.deleted_at IS NULL
                  AND n.replay_of_id IS NULL)
         GROUP BY r.group_id, e.rootname, sv.extver, v.proposal_id, v.program, v.number,
                  e.filters, e.detector
"""
EARLIER_COMPARISON = """
        WITH latest AS (
            SELECT r.group_id, r.effective_method, MAX(r.id) AS run_id
              FROM sky_runs r JOIN activities a ON a.id = r.id
             WHERE a.status = 'succeeded' AND a.deleted_at IS NULL
             GROUP BY r.group_id, r.effective_method
        )
        SELECT l.group_id, e.rootname, sv.extver,
               MAX(CASE WHEN l.effective_method = 'localmin' THEN sv.mdrizsky END) AS localmin,
               MAX(CASE WHEN l.effective_method = 'match' THEN sv.mdrizsky END) AS match,
               MAX(CASE WHEN l.effective_method = 'globalmin+match' THEN sv.mdrizsky END)
                   AS globalmin_match,
               MAX(CASE WHEN l.effective_method = 'globalmin' THEN sv.mdrizsky END) AS globalmin,
               MAX(sv.unit) AS unit, v.proposal_id, v.program, v.number AS visit,
               e.filters AS filter, e.detector
          FROM latest l
          JOIN sky_values sv ON sv.run_id = l.run_id
          JOIN exposures e ON e.id = sv.exposure_id
          JOIN visits v ON v.id = e.visit_id
         GROUP BY l.group_id, e.rootname, sv.extver, v.proposal_id, v.program, v.number,
                  e.filters, e.detector
"""


def upgrade() -> None:
    for table, column in SPARSE:
        op.drop_index(_name(table, column), table)
        some = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            _name(table, column), table, [column], sqlite_where=some, postgresql_where=some
        )
    # Searches ask first how wide the widest footprint is.
    wide = sa.text("radius_deg > 0.05")
    op.create_index(
        _name("chip_solutions", "radius_deg"),
        "chip_solutions",
        ["radius_deg"],
        sqlite_where=wide,
        postgresql_where=wide,
    )
    # The few runs that did another method are looked for often, and among all runs.
    some = sa.text("downgraded")
    op.create_index(
        _name("sky_runs", "downgraded"),
        "sky_runs",
        ["downgraded"],
        sqlite_where=some,
        postgresql_where=some,
    )
    _replace_comparison(COMPARISON)


def downgrade() -> None:
    _replace_comparison(EARLIER_COMPARISON)
    op.drop_index(_name("sky_runs", "downgraded"), "sky_runs")
    op.drop_index(_name("chip_solutions", "radius_deg"), "chip_solutions")
    for table, column in SPARSE:
        op.drop_index(_name(table, column), table)
        op.create_index(_name(table, column), table, [column])


def _replace_comparison(select: str) -> None:
    op.execute("DROP VIEW v_sky_comparison")
    op.execute(f"CREATE VIEW v_sky_comparison AS {select}")


def _name(table: str, column: str) -> str:
    return op.f(f"ix_{table}_{column}")
