SELECT i.activity_id, a.kind AS activity_kind, i.tool, p.filename AS product,
       pv.number AS version, e.rootname, (SELECT l.path FROM file_locations l WHERE l.version_id = pv.id
         ORDER BY l.is_managed DESC, l.id LIMIT 1) AS path, i.sha256_before, i.sha256_after,
       i.is_untouched, i.cards_added, i.cards_removed, i.cards_changed,
       i.pixels_changed, i.changes
  FROM input_proofs i
  JOIN activities a ON a.id = i.activity_id
  JOIN product_versions pv ON pv.id = i.version_id
  JOIN products p ON p.id = pv.product_id
  LEFT JOIN exposures e ON e.id = p.exposure_id
