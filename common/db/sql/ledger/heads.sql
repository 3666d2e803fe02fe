-- The last batch of each task of a run.
--
--   $1 text     run
-- Returns  task, batches (in the ledger), rows, hash; by task, at most 10,000
-- Locks    none
-- Index    ledger_run
-- Caller   PgTargetProof::evidence
SELECT l.task, count(*) AS batches, sum(l.rows)::bigint AS rows,
       (array_agg(l.hash ORDER BY l.batch DESC))[1] AS hash
  FROM lethe.ledger l
 WHERE l.run = $1::text
 GROUP BY l.task
 ORDER BY l.task
 LIMIT 10000
