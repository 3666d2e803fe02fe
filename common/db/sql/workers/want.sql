-- What an operator wants of a worker, for everybody else at once.
--
--   $1 bigint   worker
--   $2 text     running, quiet or stop
-- Returns  instance; no row when it is not registered any more
-- Locks    the worker's row
-- Index    workers_pkey
-- Caller   want_of_worker (pg_command_store.cpp)
UPDATE lethe.workers w
   SET wanted = $2::text, phase = CASE $2::text WHEN 'running' THEN 'running' ELSE 'draining' END
 WHERE w.id = $1::bigint AND w.phase IN ('running', 'draining')
   AND NOT (w.wanted = 'stop' AND $2::text <> 'stop')  -- it may be ending already
RETURNING w.instance
