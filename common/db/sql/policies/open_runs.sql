-- The runs of this policy that have not ended.
--
--   $1 text     policy
-- Returns  id, queued of each; the oldest first
-- Locks    none
-- Index    runs_live
-- Caller   PgSchedulerStore::fire, PgRunStore::start
SELECT id, state = 'queued' AS queued
  FROM lethe.runs
 WHERE finished_at IS NULL AND policy = $1::text
 ORDER BY id
 LIMIT 10
