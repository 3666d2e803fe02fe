-- Which dead letters may go back into the queue: those whose run is open or can be opened again,
-- and whose policy has no other open run.
--
--   $1 text[]   tasks, empty for any
--   $2 text     run, or NULL
--   $3 text     policy, or NULL
--   $4 text     target, or NULL
--   $5 text     part of the reason, or NULL
--   $6 integer  most rows, 1..10000
-- Returns  id, run_id, policy, target of each; the newest run first
-- Locks    none
-- Index    dead_pkey, dead_run, runs_of_policy
-- Caller   PgDeadStore::retry
SELECT d.id, d.run_id, coalesce(d.policy, '') AS policy, d.target
  FROM lethe.dead d
  JOIN lethe.runs r ON r.id = d.run_id
                   AND (r.finished_at IS NULL OR r.state IN ('failed', 'expired'))
 WHERE (cardinality($1::text[]) = 0 OR d.id = ANY ($1::text[]))
   AND ($2::text IS NULL OR d.run_id = $2::text)
   AND ($3::text IS NULL OR d.policy = $3::text)
   AND ($4::text IS NULL OR d.target = $4::text)
   AND ($5::text IS NULL OR strpos(d.reason, $5::text) > 0)
   AND NOT EXISTS (SELECT 1 FROM lethe.runs o
                    WHERE o.policy = d.policy AND o.finished_at IS NULL AND o.id <> d.run_id)
 ORDER BY d.run_id DESC, d.id
 LIMIT $6::integer
