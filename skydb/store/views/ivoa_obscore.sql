{% from "_sphere.sql" import ra_of, dec_of, lead, is_newest_version -%}
{% from "_words.sql" import joined with context -%}
{% set chips = "FROM chip_solutions k WHERE k.solution_id = s.id" -%}
{% set members = "FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
         WHERE pm.product_id = p.id" -%}
{% set uri = "'mast:HST/product/' || p.filename" -%}
{% set length = "SQRT(SUM(o.x) * SUM(o.x) + SUM(o.y) * SUM(o.y) + SUM(o.z) * SUM(o.z))" -%}
{% set exptime = "COALESCE(own.exptime_s, (SELECT SUM(me.exptime_s) " ~ members ~ "))" -%}
{% macro end_of(exposure) -%}
COALESCE({{ exposure }}.expend_mjd, {{ exposure }}.expstart_mjd + {{ exposure }}.exptime_s / 86400.0)
{%- endmacro -%}
SELECT CAST('image' AS TEXT) AS dataproduct_type,
       CASE WHEN p.kind IN ('drz', 'drc', 'mos') THEN 3 ELSE 2 END AS calib_level,
       CAST('HST' AS TEXT) AS obs_collection,
       COALESCE(own.rootname, REPLACE(p.filename, '_' || p.kind || '.fits', '')) AS obs_id,
       CASE WHEN s.origin IS NULL OR s.origin = 'archive' THEN {{ uri }}
            ELSE {{ uri }} || '#version=' || pv.number END AS obs_publisher_did,
       CASE WHEN s.origin IS NULL OR s.origin = 'archive'
            THEN 'https://mast.stsci.edu/api/v0.1/Download/file?uri=' || {{ uri }} END
       AS access_url,
       CAST('image/fits' AS TEXT) AS access_format,
       (pv.size_bytes + 999) / 1000 AS access_estsize,
       COALESCE(own.target_name, v.target_name) AS target_name,
       (SELECT {{ ra_of("SUM(k.x)", "SUM(k.y)") }} {{ chips }}) AS s_ra,
       (SELECT {{ dec_of("SUM(k.x)", "SUM(k.y)", "SUM(k.z)") }} {{ chips }}) AS s_dec,
       {# Twice the reach from the common middle of all chips. #}
       (SELECT 2 * MAX(k.radius_deg + DEGREES(2 * ASIN(0.5 * SQRT((k.x - m.x) * (k.x - m.x)
           + (k.y - m.y) * (k.y - m.y) + (k.z - m.z) * (k.z - m.z)))))
          FROM chip_solutions k JOIN (
               SELECT SUM(o.x) / {{ length }} AS x, SUM(o.y) / {{ length }} AS y,
                      SUM(o.z) / {{ length }} AS z
                 FROM chip_solutions o WHERE o.solution_id = s.id) m ON 1 = 1
         WHERE k.solution_id = s.id) AS s_fov,
       (SELECT CASE WHEN COUNT(k.s_region) > 1
               THEN 'UNION ICRS ('
                    || REPLACE({{ joined("k.s_region", " ", "k.extver") }},
                               'POLYGON ICRS', 'POLYGON') || ')'
               ELSE MAX(k.s_region) END {{ chips }}) AS s_region,
       (SELECT MAX(k.naxis1_pix) {{ chips }}) AS s_xel1,
       (SELECT MAX(k.naxis2_pix) {{ chips }}) AS s_xel2,
       CAST(NULL AS DOUBLE PRECISION) AS s_resolution,
       (SELECT 3600 * SQRT(AVG(ABS(k.cd1_1_deg * k.cd2_2_deg - k.cd1_2_deg * k.cd2_1_deg)))
          {{ chips }}) AS s_pixel_scale,
       SQRT((s.rms_ra_mas * s.rms_ra_mas + s.rms_dec_mas * s.rms_dec_mas) / 2) / 1000
       AS s_stat_error,
       COALESCE(own.expstart_mjd, (SELECT MIN(me.expstart_mjd) {{ members }})) AS t_min,
       COALESCE({{ end_of("own") }}, (SELECT MAX({{ end_of("me") }}) {{ members }})) AS t_max,
       {{ exptime }} AS t_exptime, {{ exptime }} AS t_resolution, 1 AS t_xel,
       b.em_min_m AS em_min, b.em_max_m AS em_max,
       0.5 * (b.em_min_m + b.em_max_m) / (b.em_max_m - b.em_min_m) AS em_res_power,
       1 AS em_xel, CAST('phot.count' AS TEXT) AS o_ucd,
       CAST(NULL AS TEXT) AS pol_states, 0 AS pol_xel,
       CAST('HST' AS TEXT) AS facility_name,
       e.instrument || '/' || e.detector AS instrument_name,
       CAST(v.proposal_id AS TEXT) AS proposal_id, pv.date_written AS obs_creation_date,
       p.filename AS product, pv.number AS version, own.rootname, e.filters AS filter,
       v.program, v.number AS visit, v.program || v.number AS visit_label,
       s.wcs_name, (SELECT l.path FROM file_locations l WHERE l.version_id = pv.id
         ORDER BY l.is_managed DESC, l.id LIMIT 1) AS path
  FROM products p
  JOIN product_versions pv ON pv.product_id = p.id
  JOIN visits v ON v.id = p.visit_id
  LEFT JOIN exposures own ON own.id = p.exposure_id
  LEFT JOIN exposures e ON e.id = {{ lead() }}
  LEFT JOIN alignment_solutions s ON s.id = COALESCE(
               (SELECT MAX(h.id) FROM alignment_solutions h
                 WHERE h.version_id = pv.id AND h.wcs_key = ' '),
               (SELECT MAX(a.id) FROM alignment_solutions a WHERE a.applied_version_id = pv.id))
  LEFT JOIN passbands b ON b.instrument = e.instrument AND b.detector = e.detector
                       AND b.filter_name = e.filters
 WHERE p.kind <> 'hlet' AND {{ is_newest_version() }}
