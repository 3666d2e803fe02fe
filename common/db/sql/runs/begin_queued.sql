-- A queued run's turn has come.
--
--   $1 text     run
-- Affects  0 rows unless it was queued
-- Locks    the run's row
-- Index    runs_pkey
-- Caller   advance_run (queue_steps.cpp)
UPDATE lethe.runs SET state = 'planned' WHERE id = $1::text AND state = 'queued'
