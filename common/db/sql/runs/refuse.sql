-- Remembers that a guard ended a run; it is over when none of its tasks is left. The first word stays.
--
--   $1 text     run
--   $2 text     why, and what to do, in one line
-- Affects  0 rows when the run has ended, or was refused before
-- Locks    the run's row
-- Index    runs_pkey
-- Caller   take_outcomes (pg_task_queue.cpp)
UPDATE lethe.runs SET refusal = $2::text
 WHERE id = $1::text AND finished_at IS NULL AND refusal IS NULL
