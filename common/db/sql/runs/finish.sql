-- Ends a run.
--
--   $1 text     run
--   $2 text     state: satisfied, failed, cancelled, expired, refused
--   $3 text     why, in one line; NULL when satisfied
-- Affects  0 rows when it has ended already
-- Locks    the run's row
-- Index    runs_pkey
-- Caller   advance_run (queue_steps.cpp)
UPDATE lethe.runs
   SET state = $2::text, error = $3::text, finished_at = clock_timestamp(),
       passes = passes + CASE WHEN $2::text = 'satisfied' THEN 1 ELSE 0 END
 WHERE id = $1::text AND finished_at IS NULL
