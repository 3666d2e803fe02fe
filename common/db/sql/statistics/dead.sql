-- How many dead letters there are, by why; the newest ones up to a limit.
--
--   $1 bigint   the limit
-- Returns  name (expired, poison: workers died of it, failed: all others), count
-- Locks    none
-- Index    dead_died
-- Caller   PgStatisticsStore::read
SELECT k.name, count(x.name) AS count
  FROM (VALUES ('expired'), ('poison'), ('failed')) AS k (name)
  LEFT JOIN (SELECT CASE WHEN d.reason LIKE 'expired:%' THEN 'expired'
                         WHEN d.reason LIKE 'poison:%' THEN 'poison' ELSE 'failed' END AS name
               FROM lethe.dead d
              ORDER BY d.died_at DESC LIMIT $1::bigint) x ON x.name = k.name
 GROUP BY k.name
 ORDER BY k.name
