-- First statement of every transaction of a task on its target: admits $3 only if no newer epoch has
-- been here. The row stays locked to the end, so a late worker and its successor cannot overlap.
--
--   $1 text     task
--   $2 text     run
--   $3 bigint   epoch of the lease
-- Returns  batches, rows, cursor, finished, ledger_hash, has_parked (rows of the run are set aside);
--          no row: fenced, roll back
-- Locks    the task's fence row
-- Index    fence_pkey, parked_row
-- Caller   admit_fence (batch_transaction.cpp)
INSERT INTO lethe.fence AS f (task, run, epoch)
VALUES ($1::text, $2::text, $3::bigint)
    ON CONFLICT (task) DO UPDATE
   SET epoch = excluded.epoch, updated_at = clock_timestamp()
 WHERE f.epoch <= excluded.epoch
RETURNING f.batches, f.rows, f.cursor, f.finished, f.ledger_hash,
          EXISTS (SELECT 1 FROM lethe.parked p WHERE p.run = $2::text) AS has_parked
