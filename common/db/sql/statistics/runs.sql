-- How many runs are open, by state; none of a state that nobody is in.
--
--   $1 bigint   most that are counted
-- Returns  name (state), count
-- Locks    none
-- Index    runs_live
-- Caller   PgStatisticsStore::read
SELECT x.state AS name, count(*) AS count
  FROM (SELECT r.state FROM lethe.runs r WHERE r.finished_at IS NULL LIMIT $1::bigint) x
 GROUP BY x.state
 ORDER BY x.state
