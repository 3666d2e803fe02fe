-- How fast the last satisfied run of a policy was that took some rows.
--
--   $1 text     policy
-- Returns  ms: milliseconds per 1,000 rows, at least 1; or no row
-- Locks    none
-- Index    runs_of_policy
-- Caller   PgRunStore::pace_of
SELECT greatest(1, ceil(extract(epoch FROM l.finished_at - l.started_at) * 1000000 / l.rows))::bigint AS ms
  FROM (SELECT r.id, r.rows, r.started_at, r.finished_at
          FROM lethe.runs r
         WHERE r.policy = $1::text AND r.state = 'satisfied'
         ORDER BY r.id DESC LIMIT 20) l
 WHERE l.rows >= 100 AND l.started_at IS NOT NULL
 ORDER BY l.id DESC
 LIMIT 1
