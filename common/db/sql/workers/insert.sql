-- Registers a worker under a new id. What operators want of it comes from its last registration,
-- which may have been told something that the worker has not heard; stop stays stop.
--
--   $1 text     instance, host:pid
--   $2 text     version
--   $3 integer  slots
--   $4 text[]   targets, empty for all
--   $5 text[]   lanes
--   $6 text     what was wanted of its process, as far as that knows: running, quiet or stop
--   $7 bigint   its last registration, which has ended; 0 for none
-- Returns  id, wanted
-- Locks    the new row
-- Index    workers_pkey
-- Caller   PgWorkerRegistry::register_worker
INSERT INTO lethe.workers (instance, version, slots, targets, lanes, wanted, phase)
SELECT $1::text, $2::text, $3::integer, $4::text[], $5::text[], w.wanted,
       CASE w.wanted WHEN 'running' THEN 'running' ELSE 'draining' END
  FROM (SELECT CASE WHEN 'stop' IN ($6::text, o.wanted) THEN 'stop'
                    ELSE coalesce(o.wanted, $6::text) END AS wanted
          FROM (VALUES ($7::bigint)) AS last (id)
          LEFT JOIN lethe.workers o ON o.id = last.id) w
RETURNING id, wanted
