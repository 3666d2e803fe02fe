-- Opens failed runs again, because dead tasks of theirs are retried.
--
--   $1 text[]   runs
-- Affects  those that have failed or expired
-- Locks    the runs' rows
-- Index    runs_pkey
-- Caller   PgDeadStore::retry
UPDATE lethe.runs
   SET state = 'cleaning', finished_at = NULL, error = NULL,
       expire_at = greatest(expire_at, clock_timestamp() + interval '1 day')
 WHERE id = ANY ($1::text[]) AND state IN ('failed', 'expired')
