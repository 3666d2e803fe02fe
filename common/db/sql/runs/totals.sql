-- Totals of the newest ended runs that deleted something.
--
--   $1 integer  most rows, 1..10000
-- Returns  id, target, rows, batches
-- Locks    none
-- Index    runs_pkey backwards
-- Caller   PgInspector::run_totals
SELECT id, target, rows, batches
  FROM lethe.runs
 WHERE finished_at IS NOT NULL AND rows > 0
 ORDER BY id DESC
 LIMIT $1::integer
