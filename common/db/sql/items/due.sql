-- Targets that have scheduled tasks whose time has come.
--
--   $1 integer  most tasks to look at, 1..1000
-- Returns  target of each, once
-- Locks    none
-- Index    items_sch
-- Caller   PgSchedulerStore::promote
SELECT DISTINCT d.target
  FROM (SELECT i.target
          FROM lethe.items i
         WHERE i.enqueue_at <= clock_timestamp() AND NOT i.is_leased
         ORDER BY i.enqueue_at
         LIMIT $1::integer) d
