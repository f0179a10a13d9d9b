{#- The catalogues in whose place others are, however often. -#}
heirs (catalog_id, heir_id) AS (
    SELECT k.id, k.superseded_by_id FROM reference_catalogs k
     WHERE k.superseded_by_id IS NOT NULL
    UNION
    SELECT h.catalog_id, k.superseded_by_id FROM heirs h
      JOIN reference_catalogs k ON k.id = h.heir_id
     WHERE k.superseded_by_id IS NOT NULL
)
