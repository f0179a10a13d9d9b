SELECT d.id, d.uri, d.attempt, d.status, d.expected_bytes, d.received_bytes AS bytes,
       d.sha256, d.path, d.started_at, d.finished_at, d.error,
       p.filename AS product, pv.number AS version, e.rootname
  FROM downloads d
  LEFT JOIN product_versions pv ON pv.id = d.version_id
  LEFT JOIN products p ON p.id = pv.product_id
  LEFT JOIN exposures e ON e.id = p.exposure_id
