-- Leased tasks whose worker is gone or has not been heard of, and those whose deadline has passed.
--
--   $1 bigint   milliseconds without a heartbeat after which a worker is lost
--   $2 integer  most tasks, 1..1000
--   $3 boolean  also look at deadlines, which reads every lease
-- Returns  id, target
-- Locks    none; items/rescue.sql looks again
-- Index    items_own, of the lost workers only unless $3
-- Caller   PgSchedulerStore::rescue
SELECT x.id, x.target
  FROM (SELECT i.id, i.target
          FROM lethe.workers w
          JOIN lethe.items i ON i.leased_by = w.id
         WHERE w.phase IN ('gone', 'lost')
            OR w.last_seen < clock_timestamp() - $1::bigint * interval '1 millisecond'
        UNION
        SELECT i.id, i.target
          FROM lethe.workers w
          JOIN lethe.items i ON i.leased_by = w.id
         WHERE $3::boolean AND i.lease_deadline < clock_timestamp()) x
 LIMIT $2::integer
