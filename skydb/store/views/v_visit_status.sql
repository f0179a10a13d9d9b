{% import "_alignment.sql" as alignment -%}
{% import "_sky.sql" as sky -%}
{% set holds = "b.kind = 'flag' AND b.withdrawn_at IS NULL" -%}
SELECT v.id AS visit_id, v.proposal_id, v.program, v.number AS visit, v.target_name,
       COUNT(e.id) AS exposures,
       SUM(CASE WHEN EXISTS (
           SELECT 1 FROM downloads d
             JOIN product_versions pv ON pv.id = d.version_id
             JOIN products p ON p.id = pv.product_id
            WHERE p.exposure_id = e.id AND d.status = 'complete') THEN 1 ELSE 0 END)
           AS downloaded,
       SUM(CASE WHEN {{ alignment.is_aligned() }}
           THEN 1 ELSE 0 END) AS aligned,
       SUM(CASE WHEN {{ sky.is_matched() }} THEN 1 ELSE 0 END) AS matched,
       SUM(CASE WHEN EXISTS (
           SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
             JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
            WHERE sv.exposure_id = e.id AND r.downgraded) THEN 1 ELSE 0 END)
           AS downgraded,
       SUM(CASE WHEN e.id IS NOT NULL AND (
           EXISTS (SELECT 1 FROM book_entries b WHERE b.exposure_id = e.id AND {{ holds }})
           OR EXISTS (SELECT 1 FROM book_entries b WHERE b.visit_id = v.id AND {{ holds }})
           OR EXISTS (SELECT 1 FROM products p JOIN book_entries b ON b.product_id = p.id
                       WHERE p.exposure_id = e.id AND {{ holds }})
           OR EXISTS (SELECT 1 FROM products p
                        JOIN alignment_solutions s ON s.product_id = p.id
                        JOIN book_entries b ON b.solution_id = s.id
                       WHERE p.exposure_id = e.id AND {{ holds }})) THEN 1 ELSE 0 END)
           AS flagged,
       SUM(CASE WHEN EXISTS (
           SELECT 1 FROM products p
                     {{ alignment.applied() }}
            WHERE p.exposure_id = e.id AND {{ alignment.is_last_applied() }}
              AND EXISTS (SELECT 1 FROM product_versions n
                           WHERE n.product_id = p.id AND n.delivery > st.delivery))
           OR EXISTS (
           SELECT 1 FROM products p
             JOIN alignment_solutions s ON s.product_id = p.id
             JOIN activities a ON a.id = s.activity_id
             JOIN environments env ON env.id = a.environment_id
            WHERE p.exposure_id = e.id AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND env.verdict = 'failed')
           OR EXISTS (
           SELECT 1 FROM {{ sky.kept_skies() }}
            WHERE sv.exposure_id = e.id AND {{ sky.is_kept() }}
              AND (env.verdict = 'failed' OR {{ sky.is_outdated() }})
              AND {{ sky.is_current() }})
           THEN 1 ELSE 0 END) AS stale,
       SUM(CASE WHEN e.known_from = 'log' THEN 1 ELSE 0 END) AS logged,
       (SELECT COUNT(*) FROM book_entries b WHERE b.visit_id = v.id AND {{ holds }})
       + (SELECT COUNT(*) FROM exposures x JOIN book_entries b ON b.exposure_id = x.id
           WHERE x.visit_id = v.id AND {{ holds }})
       + (SELECT COUNT(*) FROM products p JOIN book_entries b ON b.product_id = p.id
           WHERE p.visit_id = v.id AND {{ holds }})
       + (SELECT COUNT(*) FROM products p
            JOIN alignment_solutions s ON s.product_id = p.id
            JOIN book_entries b ON b.solution_id = s.id
           WHERE p.visit_id = v.id AND {{ holds }}) AS flags,
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
