-- Puts dead letters back into the queue under their own ids, so that their fences and totals go on.
--
--   $1 text[]   tasks
-- Returns  id, run_id of each
-- Locks    the dead rows, the new ones; the caller has locked the targets' slots
-- Index    dead_pkey
-- Caller   PgDeadStore::retry
WITH gone AS (
  DELETE FROM lethe.dead WHERE id = ANY ($1::text[]) RETURNING *
)
INSERT INTO lethe.items (id, source_id, expire_deadline, created_at, max_attempts, kind, payload,
                         run_id, policy, target, tenant, lane, priority, vft, lease_epoch, batch_size,
                         batches, rows_done, last_error)
SELECT id, source_id, greatest(expire_deadline, clock_timestamp() + interval '1 day'), created_at,
       max_attempts, kind, payload, run_id, policy, target, coalesce(tenant, ''), lane, priority,
       lethe.place(clock_timestamp(), priority), lease_epoch + 1,
       0, batches, rows_done, reason
  FROM gone
RETURNING id, run_id
