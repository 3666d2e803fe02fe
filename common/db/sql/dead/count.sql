-- How many dead letters there are.
--
--   $1 text[]   tasks, empty for any
--   $2 text     run, or NULL
--   $3 text     policy, or NULL
--   $4 text     target, or NULL
--   $5 text     part of the reason, or NULL
-- Returns  count
-- Locks    none
-- Index    dead_pkey, dead_run
-- Caller   PgDeadStore::count
SELECT count(*) AS count
  FROM lethe.dead d
 WHERE (cardinality($1::text[]) = 0 OR d.id = ANY ($1::text[]))
   AND ($2::text IS NULL OR d.run_id = $2::text)
   AND ($3::text IS NULL OR d.policy = $3::text)
   AND ($4::text IS NULL OR d.target = $4::text)
   AND ($5::text IS NULL OR strpos(d.reason, $5::text) > 0)
