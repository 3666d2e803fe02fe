-- Targets of open runs whose time is over and that have tasks left.
--
--   $1 integer  most runs to look at, 1..1000
-- Returns  target of each, once
-- Locks    none
-- Index    runs_expire, items_run
-- Caller   PgSchedulerStore::expire
SELECT DISTINCT r.target
  FROM (SELECT o.target
          FROM lethe.runs o
         WHERE o.finished_at IS NULL AND o.expire_at <= clock_timestamp()
           AND EXISTS (SELECT 1 FROM lethe.items i
                        WHERE i.run_id = o.id AND NOT (i.is_leased AND i.cancel_requested))
         ORDER BY o.expire_at
         LIMIT $1::integer) r
