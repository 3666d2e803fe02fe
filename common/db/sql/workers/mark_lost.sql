-- Declares workers lost that have not been heard of. Such a worker leases nothing more and learns
-- at its next beat that it must register anew.
--
--   $1 bigint   milliseconds without a heartbeat
-- Returns  id, instance of each
-- Locks    the rows
-- Index    none: the registry is small
-- Caller   PgSchedulerStore::rescue
UPDATE lethe.workers
   SET phase = 'lost', busy = 0
 WHERE phase IN ('running', 'draining')
   AND last_seen < clock_timestamp() - $1::bigint * interval '1 millisecond'
RETURNING id, instance
