-- Leases up to $2 admitted tasks to worker $1 for $3 milliseconds.
--
--   $1 bigint   worker; leases nothing unless the registry has it as running
--   $2 integer  most tasks, 1..1000
--   $3 bigint   lease length, milliseconds, from clock_timestamp()
--   $4 text[]   lanes
--   $5 text[]   targets, empty for any
-- Returns  one row per leased task, in no order: id, kind, run_id, target, payload, lease_epoch,
--          attempts, max_attempts, batch_size, cancel_requested
-- Locks    the leased rows; SKIP LOCKED, so it never waits for another worker
-- Index    items_lse: only admitted rows are in it, so it stays a few pages however long the queue
-- Caller   PgTaskQueue::lease
WITH pick AS MATERIALIZED (
  SELECT i.id
    FROM lethe.items i
   WHERE i.lane = ANY ($4::text[]) AND NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0
     AND i.kind IN ('plan', 'clean', 'verify')
     AND (cardinality($5::text[]) = 0 OR i.target = ANY ($5::text[]))
     AND i.expire_deadline > clock_timestamp()
     AND EXISTS (SELECT 1 FROM lethe.workers w WHERE w.id = $1::bigint AND w.phase = 'running')
   ORDER BY i.vft, i.id
   LIMIT $2::integer
     FOR UPDATE SKIP LOCKED
), leased AS (
  UPDATE lethe.items t
     SET is_leased = true, leased_by = $1::bigint, leased_at = clock_timestamp(),
         lease_deadline = clock_timestamp() + $3::bigint * interval '1 millisecond',
         lease_epoch = t.lease_epoch + 1, attempts = t.attempts + 1
   WHERE t.id = ANY (ARRAY (SELECT pick.id FROM pick))  -- an InitPlan: never a join with the table
  RETURNING t.id, t.kind, t.run_id, t.target, t.payload, t.lease_epoch, t.attempts, t.max_attempts,
            t.batch_size, t.cancel_requested
), started AS (
  UPDATE lethe.runs r SET started_at = clock_timestamp()
   WHERE r.started_at IS NULL
     AND r.id = ANY (ARRAY (SELECT l.run_id FROM leased l WHERE l.kind = 'plan'))
)
SELECT * FROM leased
