-- What ran in an environment that has been condemned?
--
-- `skydb doctor` checks the packages; a run keeps the environment that it was made in, so that a result of today applies to the
-- runs of last year.
SELECT a.kind, a.started_at, a.tool_version, e.python_version, e.verdict
  FROM activities a
  JOIN environments e ON e.id = a.environment_id
 WHERE a.environment_id IN (SELECT id FROM environments WHERE verdict = 'failed')
 ORDER BY a.id;
