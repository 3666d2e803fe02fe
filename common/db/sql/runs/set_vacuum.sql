-- Keeps how the vacuum of a run ended.
--
--   $1 text     run
--   $2 text     done, or why not
-- Affects  0 rows when the run has ended
-- Locks    the run's row
-- Index    runs_pkey
-- Caller   take_outcomes (pg_task_queue.cpp)
UPDATE lethe.runs SET vacuum = $2::text WHERE id = $1::text AND finished_at IS NULL
