-- "I am alive." Only a committed beat counts. A worker that was declared lost stays lost; one that
-- is not wanted to run is draining, whatever it says.
--
--   $1 bigint   worker
--   $2 integer  busy slots
--   $3 text     phase: running or draining
-- Returns  one row when the worker is known: wanted (running, quiet or stop), cancelled (JSON array
--          of its tasks that must stop), stopped (those of them whose statement must)
-- Locks    the worker's row; no indexed column changes, so the update is HOT
-- Index    workers_pkey, items_own, stops_pkey
-- Caller   PgWorkerRegistry::beat
UPDATE lethe.workers w
   SET last_seen = clock_timestamp(), busy = $2::integer,
       phase = CASE w.wanted WHEN 'running' THEN $3::text ELSE 'draining' END
 WHERE w.id = $1::bigint AND w.phase IN ('running', 'draining')
RETURNING w.wanted,
          (SELECT coalesce(json_agg(i.id), '[]') FROM lethe.items i
            WHERE i.is_leased AND i.leased_by = w.id AND i.cancel_requested)::text AS cancelled,
          (SELECT coalesce(json_agg(i.id), '[]') FROM lethe.items i
            WHERE i.is_leased AND i.leased_by = w.id AND i.cancel_requested
              AND EXISTS (SELECT 1 FROM lethe.stops s WHERE s.task = i.id))::text AS stopped
