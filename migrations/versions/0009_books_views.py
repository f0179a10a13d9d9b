"""What is due, and what is written in the survey's books: views.

Revision ID: 0009
Revises: 0008.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

#: Matched sources that a fit of each geometry wants, and the least trust of a good one.
WANTED = "CASE s.fit_geometry WHEN 'shift' THEN 6 WHEN 'rshift' THEN 9 WHEN 'general' THEN 25 ELSE 12 END"
FLOOR = "0.5"

INDEX = "ix_product_versions_idctab_date_written"

#: What SQLite and PostgreSQL have no common words for.
DIALECTS = {
    "sqlite": {
        "day": "SUBSTR(d.started_at, 1, 10)",
        "hours_ago": "DATETIME('now', '-6 hours')",
        "replay_of": "JSON_EXTRACT(ra.parameters, '$.replay_of')",
    },
    "postgresql": {
        "day": "TO_CHAR(d.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
        "hours_ago": "NOW() - INTERVAL '6 hours'",
        "replay_of": "(ra.parameters ->> 'replay_of')",
    },
}

#: Sky values `sv` of an exposure `e`, of good runs `r` that were not deleted. A repetition
#: of a run is there to be compared with it, and takes no run's place.
KEPT_SKIES = """sky_values sv
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          LEFT JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id"""
IS_KEPT = (
    "a.status = 'succeeded' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL"
    " AND r.effective_method IS NOT NULL"
)
IS_OUTDATED = """EXISTS (SELECT 1 FROM product_versions n
                        WHERE n.product_id = pv.product_id AND n.number > pv.number)"""
# Of several chips the first speaks. A run of skydb comes before what a log tells, whichever
# was recorded first.
IS_CURRENT = """NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL
                  AND ((b.imported_by_id IS NULL AND a.imported_by_id IS NOT NULL)
                       OR (o.run_id > sv.run_id
                           AND (b.imported_by_id IS NULL OR a.imported_by_id IS NOT NULL))))"""

# One row for each method of each exposure.
SKY_CURRENT = f"""
        SELECT e.rootname, r.effective_method AS method, r.requested_method, r.downgraded,
               sv.run_id, a.started_at, p.filename AS product, pv.number AS version,
               {IS_OUTDATED}
                   AS is_outdated,
               env.verdict AS environment_verdict, env.checked_at AS environment_checked_at,
               v.proposal_id, v.program, v.number AS visit, sv.exposure_id
          FROM exposures e
          JOIN visits v ON v.id = e.visit_id
          JOIN {KEPT_SKIES.replace("sky_values sv", "sky_values sv ON sv.exposure_id = e.id")}
          LEFT JOIN products p ON p.id = pv.product_id
         WHERE {IS_KEPT} AND {IS_CURRENT}
"""

HOLDS = "b.kind = 'flag' AND b.withdrawn_at IS NULL"

#: Of one applied solution `s` of a product `p`: the last one, standing in the version `st`.
LAST_APPLIED = """
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)"""
IS_LAST_APPLIED = """s.status = 'applied' AND NOT EXISTS (
                       SELECT 1 FROM alignment_solutions l
                        WHERE l.product_id = s.product_id AND l.status = 'applied'
                          AND l.id > s.id AND l.version_id IS NOT NULL)"""

MATCHED = """EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
                    WHERE sv.exposure_id = e.id AND sv.mdrizsky IS NOT NULL
                      AND r.effective_method IN ('match', 'globalmin+match'))"""

VISIT_STATUS = f"""
        SELECT v.id AS visit_id, v.proposal_id, v.program, v.number AS visit, v.target_name,
               COUNT(e.id) AS exposures,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM downloads d
                     JOIN product_versions pv ON pv.id = d.version_id
                     JOIN products p ON p.id = pv.product_id
                    WHERE p.exposure_id = e.id AND d.status = 'complete') THEN 1 ELSE 0 END)
                   AS downloaded,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM products p JOIN alignment_solutions s ON s.product_id = p.id
                    WHERE p.exposure_id = e.id AND s.status = 'applied'
                      AND s.superseded_by_id IS NULL AND s.version_id IS NOT NULL)
                   THEN 1 ELSE 0 END) AS aligned,
               SUM(CASE WHEN {MATCHED} THEN 1 ELSE 0 END) AS matched,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
                    WHERE sv.exposure_id = e.id AND r.downgraded) THEN 1 ELSE 0 END)
                   AS downgraded,
               SUM(CASE WHEN e.id IS NOT NULL AND (
                   EXISTS (SELECT 1 FROM book_entries b WHERE b.exposure_id = e.id AND {HOLDS})
                   OR EXISTS (SELECT 1 FROM book_entries b WHERE b.visit_id = v.id AND {HOLDS})
                   OR EXISTS (SELECT 1 FROM products p JOIN book_entries b ON b.product_id = p.id
                               WHERE p.exposure_id = e.id AND {HOLDS})
                   OR EXISTS (SELECT 1 FROM products p
                                JOIN alignment_solutions s ON s.product_id = p.id
                                JOIN book_entries b ON b.solution_id = s.id
                               WHERE p.exposure_id = e.id AND {HOLDS})) THEN 1 ELSE 0 END)
                   AS flagged,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM products p{LAST_APPLIED}
                    WHERE p.exposure_id = e.id AND {IS_LAST_APPLIED}
                      AND EXISTS (SELECT 1 FROM product_versions n
                                   WHERE n.product_id = p.id AND n.number > st.number))
                   OR EXISTS (
                   SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN activities a ON a.id = s.activity_id
                     JOIN environments env ON env.id = a.environment_id
                    WHERE p.exposure_id = e.id AND s.status = 'applied'
                      AND s.superseded_by_id IS NULL AND env.verdict = 'failed')
                   OR EXISTS (
                   SELECT 1 FROM {KEPT_SKIES}
                    WHERE sv.exposure_id = e.id AND {IS_KEPT}
                      AND (env.verdict = 'failed' OR {IS_OUTDATED}) AND {IS_CURRENT})
                   THEN 1 ELSE 0 END) AS stale,
               SUM(CASE WHEN e.known_from = 'log' THEN 1 ELSE 0 END) AS logged,
               (SELECT COUNT(*) FROM book_entries b WHERE b.visit_id = v.id AND {HOLDS})
               + (SELECT COUNT(*) FROM exposures x JOIN book_entries b ON b.exposure_id = x.id
                   WHERE x.visit_id = v.id AND {HOLDS})
               + (SELECT COUNT(*) FROM products p JOIN book_entries b ON b.product_id = p.id
                   WHERE p.visit_id = v.id AND {HOLDS})
               + (SELECT COUNT(*) FROM products p
                    JOIN alignment_solutions s ON s.product_id = p.id
                    JOIN book_entries b ON b.solution_id = s.id
                   WHERE p.visit_id = v.id AND {HOLDS}) AS flags,
               (SELECT MAX(did.at) FROM (
                   SELECT COALESCE(a.finished_at, a.started_at, a.created_at) AS at
                     FROM products p
                     JOIN product_versions pv ON pv.product_id = p.id
                     JOIN activity_used u ON u.version_id = pv.id
                     JOIN activities a ON a.id = u.activity_id
                    WHERE p.visit_id = v.id
                   UNION ALL
                   SELECT COALESCE(a.finished_at, a.started_at, a.created_at)
                     FROM products p
                     JOIN product_versions pv ON pv.product_id = p.id
                     JOIN activity_generated g ON g.version_id = pv.id
                     JOIN activities a ON a.id = g.activity_id
                    WHERE p.visit_id = v.id
                   UNION ALL
                   SELECT COALESCE(a.finished_at, a.started_at)
                     FROM exposures x
                     JOIN sky_values sv ON sv.exposure_id = x.id AND sv.version_id IS NULL
                     JOIN activities a ON a.id = sv.run_id
                    WHERE x.visit_id = v.id) did) AS last_activity_at
          FROM visits v LEFT JOIN exposures e ON e.visit_id = v.id
         GROUP BY v.id, v.proposal_id, v.program, v.number, v.target_name
"""

COUNTS = (
    *("exposures", "downloaded", "aligned", "matched", "downgraded", "flagged", "stale"),
    *("logged", "flags"),
)
PROGRAM_STATUS = f"""
        SELECT s.program, MAX(s.proposal_id) AS proposal_id, COUNT(*) AS visits,
               {", ".join(f"CAST(SUM(s.{name}) AS BIGINT) AS {name}" for name in COUNTS)},
               MAX(s.last_activity_at) AS last_activity_at
          FROM v_visit_status s
         GROUP BY s.program
"""

NO_TEXT, NO_KEY = "CAST(NULL AS VARCHAR)", "CAST(NULL AS BIGINT)"
OF_VISIT = {
    "proposal_id": "v.proposal_id", "program": "v.program", "visit": "v.number",
    "target": NO_TEXT, "detector": NO_TEXT, "filter": NO_TEXT, "visit_id": "v.id",
    "exposure_id": NO_KEY, "product_id": NO_KEY, "rootname": NO_TEXT, "product": NO_TEXT,
    "method": NO_TEXT, "refcat": NO_TEXT, "run_id": NO_KEY, "observation": NO_TEXT,
}  # fmt: skip
OF_EXPOSURE = OF_VISIT | {
    "target": "e.target_name", "detector": "e.detector", "filter": "e.filters",
    "exposure_id": "e.id", "rootname": "e.rootname",
    "observation": "LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE' THEN e.rootname"
    " ELSE e.asn_id END)",
}  # fmt: skip
# Of the very type that the column has elsewhere, or PostgreSQL would not look for a
# proposal below the union.
OF_NOTHING = {
    "proposal_id": "CAST(NULL AS INTEGER)", "visit_id": NO_KEY, "program": NO_TEXT,
    "visit": NO_TEXT,
}  # fmt: skip
COLUMNS = (
    *("rule", "since", "subject", "reason", "rootname", "product", "run_id", "proposal_id"),
    *("program", "visit", "target", "detector", "filter", "method", "refcat", "observation"),
    *("visit_id", "exposure_id", "product_id"),
)

#: The drizzled product that an exposure `e` is fitted as part of.
FITTED_AS = """COALESCE(
                   (SELECT MAX(q.filename) FROM product_members m
                      JOIN products q ON q.id = m.product_id WHERE m.rootname = e.rootname),
                   (SELECT MIN(q.filename) FROM products q WHERE q.exposure_id = e.id))"""
FIRST_SEEN = """(SELECT MIN(n.recorded_at) FROM products q
                   JOIN product_versions n ON n.product_id = q.id WHERE q.exposure_id = e.id)"""
IS_NEWEST = """NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = {0}.product_id AND l.number > {0}.number)"""

METHODS = (
    "RTRIM("
    + " || ".join(
        f"MAX(CASE WHEN r.effective_method = '{name}' THEN '{name},' ELSE '' END)"
        for name in ("localmin", "match", "globalmin+match", "globalmin")
    )
    + ", ',')"
)
GROUPED_BY_EXPOSURE = (
    "GROUP BY v.id, v.proposal_id, v.program, v.number, e.id, e.rootname, e.target_name,"
    " e.detector, e.filters, e.asn_id"
)
GROUPED_BY_VISIT = "GROUP BY v.id, v.proposal_id, v.program, v.number, e.detector, e.filters"
EXPOSURES = "exposures e JOIN visits v ON v.id = e.visit_id"
SKIES = EXPOSURES + " JOIN " + KEPT_SKIES.replace(
    "sky_values sv", "sky_values sv ON sv.exposure_id = e.id"
)  # fmt: skip

NEWEST_FIT = """s.origin = 'tweakreg' AND s.version_id IS NOT NULL AND s.superseded_by_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM alignment_solutions o
                            WHERE o.product_id = s.product_id AND o.origin = 'tweakreg'
                              AND o.version_id IS NOT NULL AND o.id > s.id
                              AND NOT EXISTS (SELECT 1 FROM activities ra
                                               WHERE ra.id = o.activity_id
                                                 AND {replay_of} IS NOT NULL))
           AND NOT EXISTS (SELECT 1 FROM activities ra
                            WHERE ra.id = s.activity_id AND {replay_of} IS NOT NULL)"""
FITS = """products p
          JOIN visits v ON v.id = p.visit_id
          JOIN alignment_solutions s ON s.product_id = p.id
          LEFT JOIN exposures e ON e.id = p.exposure_id
          LEFT JOIN reference_catalogs c ON c.id = s.catalog_id"""
OF_FIT = {
    "product": "p.filename", "product_id": "p.id", "rootname": "e.rootname",
    "exposure_id": "e.id", "refcat": "c.name", "run_id": "s.activity_id",
}  # fmt: skip
NEWEST_OF_ARCHIVE = """EXISTS (SELECT 1 FROM activity_generated g
                    WHERE g.version_id = pv.id AND g.role = 'ingested')
           AND NOT EXISTS (SELECT 1 FROM product_versions l
                             JOIN activity_generated g ON g.version_id = l.id
                            WHERE l.product_id = pv.product_id AND l.number > pv.number
                              AND g.role = 'ingested')"""
WRITTEN_THEN = "SUBSTR(pv.date_written, 1, 10) BETWEEN w.began_on AND w.ended_on"
FETCHED_THEN = """EXISTS (
                   SELECT 1 FROM downloads d
                    WHERE d.version_id = pv.id AND d.status = 'complete'
                      AND {day} BETWEEN w.began_on AND w.ended_on)"""


def _arm(
    rule: str, since: str, subject: str, reason: str, source: str, columns: dict[str, str]
) -> str:
    """One rule: what it is of, and where it is found."""
    given = {"rule": f"'{rule}'", "since": since, "subject": subject, "reason": reason, **columns}
    listed = ", ".join(f"{given[name]} AS {name}" for name in COLUMNS)
    return f"SELECT {listed}\n          FROM {source}"


def _arms() -> list[str]:
    label = "v.program || v.number"
    return [
        _arm(
            "not-aligned", FIRST_SEEN, "e.rootname",
            """'skydb has aligned no content of it; its WCS is ' || COALESCE(
                   (SELECT MAX(s.wcs_name) FROM products q
                      JOIN alignment_solutions s ON s.product_id = q.id
                     WHERE q.exposure_id = e.id AND s.wcs_key = ' '
                       AND s.superseded_by_id IS NULL), 'not known') || '.'""",
            f"""{EXPOSURES}
         WHERE e.known_from = 'header' AND NOT EXISTS (
               SELECT 1 FROM products q JOIN alignment_solutions s ON s.product_id = q.id
                WHERE q.exposure_id = e.id AND s.status = 'applied'
                  AND s.version_id IS NOT NULL)""",
            OF_EXPOSURE | {"product": FITTED_AS},
        ),
        _arm(
            "fit-failed", "s.recorded_at", "p.filename",
            "'The newest fit failed: ' || COALESCE(s.reason, 'nobody knows why') || '.'",
            f"{FITS}\n         WHERE s.status = 'failed' AND {NEWEST_FIT}",
            OF_VISIT | OF_FIT,
        ),
        _arm(
            "weak-fit", "s.recorded_at", "p.filename",
            f"""CASE WHEN s.nmatches < {WANTED}
                    THEN s.nmatches || ' matches, ' || COALESCE(s.fit_geometry, 'a fit')
                         || ' wants ' || {WANTED} ELSE 'The newest fit is weak' END
               || CASE WHEN s.trust < {FLOOR}
                    THEN '; trust ' || ROUND(CAST(s.trust AS NUMERIC), 2)
                         || ', the floor is {FLOOR}.' ELSE '.' END""",
            f"""{FITS}
         WHERE s.status IN ('proposed', 'applied')
           AND (s.trust < {FLOOR} OR s.nmatches < {WANTED}) AND {NEWEST_FIT}""",
            OF_VISIT | OF_FIT,
        ),
        _arm(
            "alignment-outdated", "n.recorded_at", "e.rootname",
            "'Version ' || n.number || ' came after version ' || st.number || ' was aligned.'",
            f"""{EXPOSURES}
          JOIN products p ON p.exposure_id = e.id{LAST_APPLIED}
          JOIN product_versions n ON n.product_id = p.id AND n.number > st.number
         WHERE {IS_LAST_APPLIED} AND {IS_NEWEST.format("n")}""",
            OF_EXPOSURE | {"product": FITTED_AS, "product_id": "p.id"},
        ),
        _arm(
            "sky-outdated",
            "(SELECT MAX(n.recorded_at) FROM products q JOIN product_versions n"
            " ON n.product_id = q.id WHERE q.exposure_id = e.id)",
            "e.rootname",
            f"""'The sky by ' || REPLACE({METHODS}, ',', ', ') || ' is of version '
               || MIN(pv.number) || '; there is a newer one.'""",
            f"""{SKIES}
         WHERE {IS_KEPT} AND {IS_OUTDATED} AND {IS_CURRENT}
         {GROUPED_BY_EXPOSURE}""",
            OF_EXPOSURE | {"method": METHODS, "run_id": "MAX(r.id)"},
        ),
        *(
            _arm(
                rule, f"MAX({since})", label,
                f"""'The sky by ' || REPLACE({METHODS}, ',', ', ') || ' of '
               || COUNT(DISTINCT e.id) || ' of its exposures comes from an environment that '
               || '{verb}.'""",
                f"""{SKIES}
         WHERE env.verdict = '{verdict}' AND {IS_KEPT} AND {IS_CURRENT}
           AND a.imported_by_id IS NULL
         {GROUPED_BY_VISIT}""",
                OF_VISIT | {
                    "detector": "e.detector", "filter": "e.filters", "method": METHODS,
                    "run_id": "MAX(r.id)", "target": "MAX(e.target_name)",
                },
            )
            for rule, since, verb, verdict in (
                ("environment-failed", "env.checked_at",
                 "the self-test has failed", "failed"),
                ("environment-unchecked", "a.started_at", "nobody has checked", "unchecked"),
            )
        ),
        _arm(
            "environment-failed", "MAX(env.checked_at)", label,
            """'The alignment of ' || COUNT(DISTINCT e.id) || ' of its exposures comes from an '
               || 'environment that the self-test has failed.'""",
            f"""{EXPOSURES}
          JOIN products p ON p.exposure_id = e.id
          JOIN alignment_solutions s ON s.product_id = p.id
          JOIN activities a ON a.id = s.activity_id
          JOIN environments env ON env.id = a.environment_id
         WHERE s.status = 'applied' AND s.superseded_by_id IS NULL AND env.verdict = 'failed'
         {GROUPED_BY_VISIT}""",
            OF_VISIT | {
                "product": """(SELECT MIN(q.filename) FROM products q
                   WHERE q.visit_id = v.id AND q.kind IN ('drz', 'drc'))""",
                "run_id": "MAX(s.activity_id)",
            },
        ),
        _arm(
            "catalogue-superseded",
            """COALESCE((SELECT MAX(b.made_at) FROM book_entries b
                          WHERE b.activity_id = c.activity_id AND b.label = 'superseded'),
                        heir.obtained_at)""",
            "e.rootname",
            "'It is aligned to ' || c.name || ', in whose place is ' || heir.name || '.'",
            f"""{EXPOSURES}
          JOIN products p ON p.exposure_id = e.id
          JOIN alignment_solutions s ON s.product_id = p.id
          JOIN reference_catalogs c ON c.id = s.catalog_id AND c.superseded_by_id IS NOT NULL
          JOIN heirs h ON h.catalog_id = c.id
          JOIN reference_catalogs heir ON heir.id = h.heir_id AND heir.superseded_by_id IS NULL
          LEFT JOIN alignment_solutions source ON source.id = s.source_id
          LEFT JOIN products fitted ON fitted.id = source.product_id
         WHERE s.status = 'applied' AND s.superseded_by_id IS NULL""",
            OF_EXPOSURE | {
                "product": "COALESCE(fitted.filename, p.filename)", "refcat": "heir.name",
                "product_id": "p.id",
            },
        ),
        _arm(
            "idctab-superseded", "i.recorded_at", "e.rootname",
            """'It has IDCTAB ' || pv.idctab || '; newer files of ' || i.detector || ' have '
               || i.idctab || '.'""",
            f"""{EXPOSURES}
          JOIN products p ON p.exposure_id = e.id AND p.kind <> 'hlet'
          JOIN product_versions pv ON pv.product_id = p.id
          JOIN idctabs i ON i.detector = e.instrument || '/' || e.detector
           AND i.idctab <> pv.idctab AND i.date_written > pv.date_written
         WHERE {IS_NEWEST.format("pv")}
           AND NOT EXISTS (SELECT 1 FROM idctabs j
                            WHERE j.detector = i.detector AND j.date_written > i.date_written)""",
            OF_EXPOSURE | {"product": "p.filename", "product_id": "p.id"},
        ),
        _arm(
            "bad-delivery", "pv.recorded_at", "COALESCE(e.rootname, p.filename)",
            f"""'Version ' || pv.number || CASE WHEN {WRITTEN_THEN}
                    THEN ' was written on ' || SUBSTR(pv.date_written, 1, 10)
                    ELSE ' was fetched in those days' END
               || ' (' || w.name || '): ' || w.what""",
            f"""products p
          JOIN visits v ON v.id = p.visit_id
          JOIN product_versions pv ON pv.product_id = p.id
          JOIN bad_deliveries w ON {WRITTEN_THEN} OR {FETCHED_THEN}
          LEFT JOIN exposures e ON e.id = p.exposure_id
         WHERE {NEWEST_OF_ARCHIVE}""",
            OF_EXPOSURE | {
                "product": "p.filename", "product_id": "p.id",
                "observation": "LOWER(COALESCE(NULLIF(e.asn_id, 'NONE'), e.rootname,"
                " SUBSTR(p.filename, 1, 9)))",
            },
        ),
        _arm(
            "never-matched", FIRST_SEEN, "e.rootname", "'It has no sky by match.'",
            f"{EXPOSURES}\n         WHERE e.known_from = 'header' AND NOT {MATCHED}",
            OF_EXPOSURE | {"method": "'match'"},
        ),
        _arm(
            "downgraded", "a.started_at", "e.rootname",
            """'run:' || r.id || ' was to do ' || r.requested_method || ' and did '
               || r.effective_method || '; nothing has repeated it.'""",
            f"""{EXPOSURES}
          JOIN sky_values sv ON sv.exposure_id = e.id
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
         WHERE r.downgraded AND a.status = 'succeeded' AND a.deleted_at IS NULL
           AND r.replay_of_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND b.status = 'succeeded'
                  AND b.deleted_at IS NULL AND b.imported_by_id IS NULL
                  AND q.replay_of_id IS NULL
                  AND (o.run_id > sv.run_id OR a.imported_by_id IS NOT NULL)
                  AND q.requested_method = r.requested_method)""",
            OF_EXPOSURE | {"method": "r.requested_method", "run_id": "r.id"},
        ),
        _arm(
            "left-running", "a.started_at", "'run:' || a.id",
            "'This ' || a.kind || ' of ' || a.agent || ' has not ended for hours.'",
            "activities a\n         WHERE a.status = 'running' AND a.started_at < {hours_ago}",
            OF_VISIT | OF_NOTHING | {"run_id": "a.id"},
        ),
    ]  # fmt: skip


def _silenced(subject: str) -> str:
    # The label is spelled so that it is no use to an index: the subject tells more.
    return f"""NOT EXISTS (SELECT 1 FROM book_entries b
                            WHERE b.{subject} = d.{"run_id" if subject == "activity_id" else subject}
                              AND b.withdrawn_at IS NULL
                              AND b.label || '' = 'ignore:' || d.rule)"""


def _todo() -> str:
    arms = "\n        UNION ALL\n        ".join(_arms())
    subjects = ("exposure_id", "visit_id", "product_id", "activity_id")
    listed = ", ".join(f"d.{name}" for name in COLUMNS)
    return f"""
        WITH RECURSIVE heirs (catalog_id, heir_id) AS (
            SELECT k.id, k.superseded_by_id FROM reference_catalogs k
             WHERE k.superseded_by_id IS NOT NULL
            UNION
            SELECT h.catalog_id, k.superseded_by_id FROM heirs h
              JOIN reference_catalogs k ON k.id = h.heir_id
             WHERE k.superseded_by_id IS NOT NULL
        ),
        named (idctab) AS (
            SELECT MIN(n.idctab) FROM product_versions n
            UNION ALL
            SELECT (SELECT MIN(n.idctab) FROM product_versions n WHERE n.idctab > t.idctab)
              FROM named t WHERE t.idctab IS NOT NULL
        ),
        seen AS (
            SELECT t.idctab, (SELECT n.id FROM product_versions n
                               WHERE n.idctab = t.idctab AND n.date_written IS NOT NULL
                               ORDER BY n.date_written DESC LIMIT 1) AS version_id
              FROM named t WHERE t.idctab IS NOT NULL
        ),
        idctabs AS (
            SELECT seen.idctab, n.date_written, n.recorded_at, COALESCE(
                   (SELECT x.instrument || '/' || x.detector FROM exposures x
                     WHERE x.id = q.exposure_id),
                   (SELECT MAX(x.instrument || '/' || x.detector) FROM product_members m
                      JOIN exposures x ON x.rootname = m.rootname WHERE m.product_id = q.id))
                   AS detector
              FROM seen
              JOIN product_versions n ON n.id = seen.version_id
              JOIN products q ON q.id = n.product_id
        )
        SELECT {listed}
          FROM (
        {arms}
               ) d
         WHERE {" AND ".join(map(_silenced, subjects))}
"""


BOOKS = """
        SELECT b.id, b.kind, b.label,
               CASE WHEN b.exposure_id IS NOT NULL THEN e.rootname
                    WHEN b.visit_id IS NOT NULL THEN v.program || v.number
                    WHEN b.product_id IS NOT NULL THEN p.filename
                    WHEN b.solution_id IS NOT NULL THEN 'solution:' || b.solution_id
                    WHEN b.activity_id IS NOT NULL THEN 'run:' || b.activity_id
                    ELSE 'ledger' END AS subject,
               b.author, b.reason, b.made_at, b.withdrawn_at, b.withdrawn_by, b.withdrawn_why,
               e.rootname, COALESCE(p.filename, sp.filename) AS product,
               b.activity_id AS run_id, b.solution_id,
               v.proposal_id, v.program, v.number AS visit
          FROM book_entries b
          LEFT JOIN alignment_solutions s ON s.id = b.solution_id
          LEFT JOIN products p ON p.id = b.product_id
          LEFT JOIN products sp ON sp.id = s.product_id
          LEFT JOIN exposures e ON e.id = COALESCE(b.exposure_id, p.exposure_id, sp.exposure_id)
          LEFT JOIN visits v
            ON v.id = COALESCE(b.visit_id, e.visit_id, p.visit_id, sp.visit_id)
"""

EARLIER_VISIT_STATUS = f"""
        SELECT v.id AS visit_id, v.proposal_id, v.program, v.number AS visit, v.target_name,
               COUNT(e.id) AS exposures,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM downloads d
                     JOIN product_versions pv ON pv.id = d.version_id
                     JOIN products p ON p.id = pv.product_id
                    WHERE p.exposure_id = e.id AND d.status = 'complete') THEN 1 ELSE 0 END)
                   AS downloaded,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM alignment_solutions s
                     JOIN product_versions pv ON pv.id = s.version_id
                     JOIN products p ON p.id = pv.product_id
                    WHERE p.exposure_id = e.id AND s.status = 'applied'
                      AND s.superseded_by_id IS NULL) THEN 1 ELSE 0 END) AS aligned,
               SUM(CASE WHEN {MATCHED} THEN 1 ELSE 0 END) AS matched,
               SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
                    WHERE sv.exposure_id = e.id AND r.downgraded) THEN 1 ELSE 0 END)
                   AS downgraded
          FROM visits v LEFT JOIN exposures e ON e.visit_id = v.id
         GROUP BY v.id, v.proposal_id, v.program, v.number, v.target_name
"""


def upgrade() -> None:
    words = DIALECTS[op.get_bind().dialect.name]
    # The newest file of every distortion model, without a look at all files.
    op.create_index(op.f(INDEX), "product_versions", ["idctab", "date_written"])
    op.execute("DROP VIEW v_visit_status")
    views = {
        "v_sky_current": SKY_CURRENT,
        "v_visit_status": VISIT_STATUS,
        "v_program_status": PROGRAM_STATUS,
        "v_todo": _todo().format(**words),
        "v_books": BOOKS,
    }
    for name, select in views.items():
        # Not op.execute of a text, which would take the colons of 'run:' for parameters.
        op.get_bind().exec_driver_sql(f"CREATE VIEW {name} AS {select}")


def downgrade() -> None:
    for name in ("v_books", "v_todo", "v_program_status", "v_visit_status", "v_sky_current"):
        op.execute(f"DROP VIEW {name}")
    op.execute(f"CREATE VIEW v_visit_status AS {EARLIER_VISIT_STATUS}")
    op.drop_index(op.f(INDEX), "product_versions")
