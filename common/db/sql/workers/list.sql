-- The registry.
--
--   $1 bigint   one id, or NULL for all
--   $2 boolean  also those that are gone or lost
-- Returns  id, instance, version, phase (also quiet), wanted, slots, busy, last_seen_ms, started_at, targets (text), lanes (text), leased
-- Locks    none
-- Index    workers_pkey, items_own
-- Caller   PgFleetStore::workers, PgFleetStore::worker
SELECT w.id, w.instance, w.version, w.wanted, w.slots, w.busy,
       CASE WHEN w.phase = 'draining' AND w.wanted = 'quiet' THEN 'quiet' ELSE w.phase END AS phase,
       (extract(epoch FROM clock_timestamp() - w.last_seen) * 1000)::bigint AS last_seen_ms,
       lethe.iso(w.started_at) AS started_at, array_to_string(w.targets, ',') AS targets,
       array_to_string(w.lanes, ',') AS lanes,
       (SELECT count(*) FROM lethe.items i WHERE i.is_leased AND i.leased_by = w.id) AS leased
  FROM lethe.workers w
 WHERE ($1::bigint IS NULL OR w.id = $1::bigint)
   AND ($1::bigint IS NOT NULL OR $2::boolean OR w.phase IN ('running', 'draining'))
 ORDER BY w.id
