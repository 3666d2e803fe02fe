-- Opens a failed run again, because one of its dead tasks is retried.
--
--   $1 text     run
-- Affects  0 rows unless the run has failed or expired
-- Locks    the run's row
-- Index    runs_pkey
-- Caller   PgTaskStore::retry
UPDATE lethe.runs
   SET state = 'cleaning', finished_at = NULL, error = NULL,
       expire_at = greatest(expire_at, clock_timestamp() + interval '1 day')
 WHERE id = $1::text AND state IN ('failed', 'expired')
