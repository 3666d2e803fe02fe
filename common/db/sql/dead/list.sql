-- Dead letters, the newest first.
--
--   $1 text[]   tasks, empty for any
--   $2 text     run, or NULL
--   $3 text     policy, or NULL
--   $4 text     target, or NULL
--   $5 text     part of the reason, or NULL
--   $6 integer  most rows, 1..10000
-- Returns  the columns of items/ended.sql, tenant, lane, created_at, expire_deadline,
--          sqlstate, died_at
-- Locks    none
-- Index    dead_pkey, dead_run, dead_died
-- Caller   PgDeadStore::list, PgDeadStore::find
SELECT d.id, d.run_id AS run, d.policy, d.target, d.kind, 'dead' AS state, d.attempts, d.rescues,
       d.lease_epoch AS epoch, d.batches, d.rows_done AS rows, d.reason AS last_error,
       lethe.iso(d.died_at) AS ended_at, coalesce(d.tenant, '') AS tenant, d.lane,
       lethe.iso(d.created_at) AS created_at, lethe.iso(d.expire_deadline) AS expire_deadline,
       d.sqlstate, lethe.iso(d.died_at) AS died_at
  FROM lethe.dead d
 WHERE (cardinality($1::text[]) = 0 OR d.id = ANY ($1::text[]))
   AND ($2::text IS NULL OR d.run_id = $2::text)
   AND ($3::text IS NULL OR d.policy = $3::text)
   AND ($4::text IS NULL OR d.target = $4::text)
   AND ($5::text IS NULL OR strpos(d.reason, $5::text) > 0)
 ORDER BY d.died_at DESC, d.id
 LIMIT $6::integer
