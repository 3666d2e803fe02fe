-- Forgets dead letters for good.
--
--   $1 text[]   tasks, empty for any
--   $2 text     run, or NULL
--   $3 text     policy, or NULL
--   $4 text     target, or NULL
--   $5 text     part of the reason, or NULL
--   $6 integer  most rows, 1..10000
-- Returns  id of each
-- Locks    them
-- Index    dead_pkey, dead_run
-- Caller   PgDeadStore::discard
DELETE FROM lethe.dead
 WHERE id = ANY (ARRAY (
SELECT d.id
  FROM lethe.dead d
 WHERE (cardinality($1::text[]) = 0 OR d.id = ANY ($1::text[]))
   AND ($2::text IS NULL OR d.run_id = $2::text)
   AND ($3::text IS NULL OR d.policy = $3::text)
   AND ($4::text IS NULL OR d.target = $4::text)
   AND ($5::text IS NULL OR strpos(d.reason, $5::text) > 0)
 ORDER BY d.died_at, d.id
 LIMIT $6::integer
   FOR UPDATE))
RETURNING id
