-- Registers a worker under a new id.
--
--   $1 text     instance, host:pid
--   $2 text     version
--   $3 integer  slots
--   $4 text[]   targets, empty for all
--   $5 text[]   lanes
--   $6 text     what is wanted of it: running, or quiet when its process was told so before
-- Returns  id
-- Locks    the new row
-- Index    workers_pkey
-- Caller   PgWorkerRegistry::register_worker
INSERT INTO lethe.workers (instance, version, slots, targets, lanes, wanted, phase)
VALUES ($1::text, $2::text, $3::integer, $4::text[], $5::text[], $6::text,
        CASE $6::text WHEN 'running' THEN 'running' ELSE 'draining' END)
RETURNING id
