-- "I am alive." Only a committed beat counts. A worker that was declared lost stays lost.
--
--   $1 bigint   worker
--   $2 integer  busy slots
--   $3 text     phase: running or draining
-- Returns  one row when the worker is known: cancelled (JSON array of its tasks that
--          must stop)
-- Locks    the worker's row; no indexed column changes, so the update is HOT
-- Index    workers_pkey, items_own
-- Caller   PgWorkerRegistry::beat
UPDATE lethe.workers w
   SET last_seen = clock_timestamp(), busy = $2::integer, phase = $3::text
 WHERE w.id = $1::bigint AND w.phase IN ('running', 'draining')
RETURNING (SELECT coalesce(json_agg(i.id), '[]') FROM lethe.items i
            WHERE i.is_leased AND i.leased_by = w.id AND i.cancel_requested)::text AS cancelled
