-- What could run now, by lane: as the view lethe.demand, each part by its index.
--
--   $1 integer  most lanes, those with the most first
-- Returns  lane, busy (leased), ready, oldest_seconds (of the ready ones; 0 when there is none)
-- Locks    none
-- Index    items_lse, items_own: admitted tasks only, of which there are no more than the targets allow
-- Caller   PgStatisticsStore::read
SELECT x.lane, count(*) FILTER (WHERE x.ready_at IS NULL) AS busy, count(x.ready_at) AS ready,
       greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(x.ready_at)), 0))::float8
         AS oldest_seconds
  FROM (SELECT i.lane, i.ready_at FROM lethe.items i
         WHERE NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0
         UNION ALL
        SELECT i.lane, NULL FROM lethe.items i WHERE i.leased_by IS NOT NULL) x
 GROUP BY x.lane
 ORDER BY count(*) DESC, x.lane
 LIMIT $1::integer
