-- Ends a run, with its totals.
--
--   $1 text     run
--   $2 text     state: satisfied, failed, cancelled, expired, refused
--   $3 text     why, in one line; NULL when satisfied
--   $4 text     why its vacuum was not done, unless that is known
-- Affects  0 rows when it has ended already
-- Locks    the run's row
-- Index    runs_pkey, history_run, items_run, dead_run
-- Caller   advance_run (queue_steps.cpp)
UPDATE lethe.runs r
   SET rows = e.rows, batches = e.batches, started_at = coalesce(r.started_at, e.started_at),
       vacuum = CASE r.state WHEN 'vacuuming' THEN coalesce(r.vacuum, $4::text) END,
       state = $2::text, error = $3::text, finished_at = clock_timestamp(),
       passes = passes + CASE WHEN $2::text = 'satisfied' THEN 1 ELSE 0 END
  FROM lethe.run_effort($1::text) e
 WHERE id = $1::text AND finished_at IS NULL
