-- Takes over what a plan found and opens a pass of cleaning.
--
--   $1 text     run
--   $2 text     strategy: sweep, index, partition, mixed (each also with ", set"), call, none
--   $3 bigint   estimated rows, NULL unknown; only the first pass's is kept
--   $4 bytea    payload of the verify task that will follow
-- Affects  0 rows when the run has ended
-- Locks    the run's row
-- Index    runs_pkey, history_run, items_run, dead_run
-- Caller   take_plan (pg_task_queue.cpp)
UPDATE lethe.runs r
   SET state = 'cleaning', strategy = $2::text, verify_payload = $4::bytea, pass_rows = e.rows,
       started_at = coalesce(r.started_at, e.started_at),
       estimated_rows = coalesce(estimated_rows, $3::bigint)
  FROM lethe.run_effort($1::text) e
 WHERE id = $1::text AND finished_at IS NULL
