{#- Two ways for a WCS to be the active one: it is in the header that was read, or it is
    the fit that a new version of a drizzled product was made with. -#}
{% from "_sphere.sql" import ra_of, dec_of, lead, is_newest_version -%}
{% macro footprints(stands, rule) -%}
SELECT own.rootname, p.filename AS product, p.kind, pv.number AS version,
       c.solution_id, c.extver, {{ ra_of("c.x", "c.y") }} AS ra_deg,
       {{ dec_of("c.x", "c.y", "c.z") }} AS dec_deg, c.x, c.y, c.z, c.radius_deg, c.s_region,
       s.wcs_name, e.instrument, e.detector, e.filters AS filter, v.proposal_id,
       v.program, v.number AS visit, v.program || v.number AS visit_label,
       COALESCE(own.target_name, v.target_name) AS target_name, own.expstart_mjd
  FROM chip_solutions c
  JOIN alignment_solutions s ON s.id = c.solution_id
  JOIN product_versions pv ON pv.id = {{ stands }}
  JOIN products p ON p.id = pv.product_id
  JOIN visits v ON v.id = p.visit_id
  LEFT JOIN exposures own ON own.id = p.exposure_id
  LEFT JOIN exposures e ON e.id = {{ lead() }}
 WHERE c.radius_deg IS NOT NULL AND {{ rule }}
   AND {{ is_newest_version() }}
{%- endmacro -%}
{{ footprints("s.version_id", "s.wcs_key = ' '") }}
UNION ALL
{{ footprints("s.applied_version_id", "NOT EXISTS (
       SELECT 1 FROM alignment_solutions h
        WHERE h.version_id = pv.id AND h.wcs_key = ' ')") }}
