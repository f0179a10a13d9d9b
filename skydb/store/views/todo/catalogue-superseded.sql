{% from "todo/_columns.sql" import of_exposure -%}
{% from "todo/_exposure.sql" import exposures -%}
{% set since -%}
COALESCE((SELECT MAX(b.made_at) FROM book_entries b
                  WHERE b.activity_id = c.activity_id AND b.label = 'superseded'),
                successor.obtained_at)
{%- endset -%}
{% set reason -%}
'It is aligned to ' || c.name || ', which was superseded by ' || successor.name || '.'
{%- endset -%}
SELECT {{ of_exposure(rule="'catalogue-superseded'", since=since, subject="e.rootname",
                      reason=reason, product="COALESCE(fitted.filename, p.filename)",
                      refcat="successor.name", product_id="p.id",
                      fitted_id="COALESCE(fitted.id, p.id)") }}
  FROM {{ exposures() }}
  JOIN products p ON p.exposure_id = e.id
  JOIN alignment_solutions s ON s.product_id = p.id
  JOIN reference_catalogs c ON c.id = s.catalog_id AND c.superseded_by_id IS NOT NULL
  JOIN successors h ON h.catalog_id = c.id
  JOIN reference_catalogs successor ON successor.id = h.successor_id AND successor.superseded_by_id IS NULL
  LEFT JOIN alignment_solutions source ON source.id = s.source_id
  LEFT JOIN products fitted ON fitted.id = source.product_id
 WHERE s.status = 'applied' AND s.superseded_by_id IS NULL
