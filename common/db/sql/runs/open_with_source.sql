-- The open run that was started with this dedup key.
--
--   $1 text     source_id
-- Returns  id, target; or no row
-- Locks    none
-- Index    runs_source
-- Caller   PgRunStore::start
SELECT id, target FROM lethe.runs WHERE source_id = $1::text AND finished_at IS NULL
