-- A run of this policy that has not ended, if there is one.
--
--   $1 text     policy
-- Returns  id, or no row
-- Locks    none
-- Index    runs_live
-- Caller   PgSchedulerStore::fire, PgRunStore::start
SELECT id FROM lethe.runs WHERE finished_at IS NULL AND policy = $1::text ORDER BY id LIMIT 1
