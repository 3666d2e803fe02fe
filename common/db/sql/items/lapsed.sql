-- Leased tasks whose deadline has passed or whose worker has not been heard of.
--
--   $1 bigint   milliseconds without a heartbeat after which a worker is lost
--   $2 integer  most tasks, 1..1000
-- Returns  id, target
-- Locks    none; items/rescue.sql looks again
-- Index    items_dln, items_own
-- Caller   PgSchedulerStore::rescue
SELECT i.id, i.target
  FROM lethe.items i
 WHERE i.is_leased AND i.lease_deadline < clock_timestamp()
UNION
SELECT i.id, i.target
  FROM lethe.workers w
  JOIN lethe.items i ON i.is_leased AND i.leased_by = w.id
 WHERE w.phase IN ('gone', 'lost')
    OR w.last_seen < clock_timestamp() - $1::bigint * interval '1 millisecond'
 LIMIT $2::integer
