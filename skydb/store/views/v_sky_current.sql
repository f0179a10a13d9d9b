{#- One row for each method of each exposure. -#}
{% import "_sky.sql" as sky -%}
SELECT e.rootname, r.effective_method AS method, r.requested_method, r.downgraded,
       sv.run_id, a.started_at, p.filename AS product, pv.number AS version,
       {{ sky.is_outdated() }} AS is_outdated,
       env.verdict AS environment_verdict, env.checked_at AS environment_checked_at,
       v.proposal_id, v.program, v.number AS visit, v.program || v.number AS visit_label,
       sv.exposure_id
  FROM exposures e
  JOIN visits v ON v.id = e.visit_id
  JOIN {{ sky.kept_skies(on="sv.exposure_id = e.id") }}
  LEFT JOIN products p ON p.id = pv.product_id
 WHERE {{ sky.is_kept() }} AND {{ sky.is_current() }}
