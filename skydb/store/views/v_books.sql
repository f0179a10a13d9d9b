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
       v.proposal_id, v.program, v.number AS visit, v.program || v.number AS visit_label,
       COALESCE(b.product_id, s.product_id) AS product_id
  FROM book_entries b
  LEFT JOIN alignment_solutions s ON s.id = b.solution_id
  LEFT JOIN products p ON p.id = b.product_id
  LEFT JOIN products sp ON sp.id = s.product_id
  LEFT JOIN exposures e ON e.id = COALESCE(b.exposure_id, p.exposure_id, sp.exposure_id)
  LEFT JOIN visits v
    ON v.id = COALESCE(b.visit_id, e.visit_id, p.visit_id, sp.visit_id)
