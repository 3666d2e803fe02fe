-- Fences that count batches of which the ledger has none, by task.
--
--   $1 text     after this task; '': from the first
--   $2 text     run; '' is any
--   $3 integer  most rows, 1..10000
-- Returns  task, run, batches, rows
-- Locks    none
-- Index    fence_pkey, ledger_task_batch_key
-- Caller   PgTargetProof::fences_without_ledger
SELECT f.task, f.run, f.batches, f.rows
  FROM lethe.fence f
 WHERE f.task > $1::text AND f.batches > 0 AND ($2::text = '' OR f.run = $2::text)
   AND NOT EXISTS (SELECT 1 FROM lethe.ledger l WHERE l.task = f.task)
 ORDER BY f.task
 LIMIT $3::integer
