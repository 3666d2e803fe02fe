-- Runs of a target that have ended and deleted something, by id.
--
--   $1 text     target
--   $2 text     after this run; '': from the first
--   $3 text     run; '' is any
--   $4 integer  most rows, 1..10000
-- Returns  id, rows, batches
-- Locks    none
-- Index    runs_pkey
-- Caller   PgProofStore::ended_runs
SELECT r.id, r.rows, r.batches
  FROM lethe.runs r
 WHERE r.target = $1::text AND r.id > $2::text AND ($3::text = '' OR r.id = $3::text)
   AND r.finished_at IS NOT NULL AND r.batches > 0
 ORDER BY r.id
 LIMIT $4::integer
