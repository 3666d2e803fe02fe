-- How many tasks there are, by state; each counted up to a limit, so that a long queue costs no more
-- than a short one.
--
--   $1 bigint   the limit
-- Returns  name (waiting, ready, leased, scheduled, paused), count
-- Locks    none
-- Index    items_wai, items_lse, items_own, items_sch, items_prk
-- Caller   PgStatisticsStore::read
SELECT 'waiting' AS name, count(*) AS count
  FROM (SELECT 1 FROM lethe.items i
         WHERE NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 1 LIMIT $1::bigint) x
 UNION ALL
SELECT 'ready', count(*)
  FROM (SELECT 1 FROM lethe.items i
         WHERE NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0 LIMIT $1::bigint) x
 UNION ALL
SELECT 'leased', count(*)
  FROM (SELECT 1 FROM lethe.items i WHERE i.leased_by IS NOT NULL LIMIT $1::bigint) x
 UNION ALL
SELECT 'scheduled', count(*)
  FROM (SELECT 1 FROM lethe.items i WHERE i.enqueue_at IS NOT NULL LIMIT $1::bigint) x
 UNION ALL
SELECT 'paused', count(*)
  FROM (SELECT 1 FROM lethe.items i WHERE i.admission = 2 LIMIT $1::bigint) x
