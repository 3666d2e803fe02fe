-- Parked rows, the newest first.
--
--   $1 text     run, '' for all
--   $2 integer  most rows
-- Returns  run, task, relation, key, sqlstate, message, at (ISO 8601)
-- Locks    none
-- Index    parked_pkey, or parked_row
-- Caller   PgTargetDatabase::parked
SELECT p.run, p.task, p.relation, p.key, p.sqlstate, p.message,
       to_char(p.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
  FROM lethe.parked p
 WHERE $1::text = '' OR p.run = $1::text
 ORDER BY p.id DESC
 LIMIT $2::integer
