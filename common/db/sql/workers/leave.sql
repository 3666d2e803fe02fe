-- A worker says goodbye; what it still holds may be rescued at once.
--
--   $1 bigint   worker
-- Affects  0 rows when it is unknown
-- Locks    the worker's row
-- Index    workers_pkey
-- Caller   PgWorkerRegistry::leave
UPDATE lethe.workers SET phase = 'gone', busy = 0, last_seen = clock_timestamp() WHERE id = $1::bigint
