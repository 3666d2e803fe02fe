-- Puts a dead letter back into the queue under its own id, so that its fence and totals go on.
--
--   $1 text     task
-- Returns  run_id
-- Locks    the dead row and the new one; the caller has locked the target's slots
-- Index    dead_pkey
-- Caller   PgTaskStore::retry
WITH gone AS (
  DELETE FROM lethe.dead WHERE id = $1::text RETURNING *
)
INSERT INTO lethe.items (id, source_id, expire_deadline, created_at, max_attempts, kind, payload,
                         run_id, policy, target, tenant, lane, priority, lease_epoch, batch_size,
                         batches, rows_done, last_error)
SELECT id, source_id, greatest(expire_deadline, clock_timestamp() + interval '1 day'), created_at,
       max_attempts, kind, payload, run_id, policy, target, tenant, lane, priority, lease_epoch + 1,
       0, batches, rows_done, reason
  FROM gone
RETURNING run_id
