-- Marks a run as cancelled by an operator. Its waiting tasks are taken out by items/cancel.sql.
--
--   $1 text     run
-- Affects  0 rows when it has ended
-- Returns  target
-- Locks    the run's row
-- Index    runs_pkey
-- Caller   PgRunStore::cancel
UPDATE lethe.runs SET cancel_requested = true
 WHERE id = $1::text AND finished_at IS NULL
RETURNING target
