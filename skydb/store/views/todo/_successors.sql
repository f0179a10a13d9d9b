{#- Superseded catalogues with all that replaced them. -#}
successors (catalog_id, successor_id) AS (
    SELECT k.id, k.superseded_by_id FROM reference_catalogs k
     WHERE k.superseded_by_id IS NOT NULL
    UNION
    SELECT h.catalog_id, k.superseded_by_id FROM successors h
      JOIN reference_catalogs k ON k.id = h.successor_id
     WHERE k.superseded_by_id IS NOT NULL
)
