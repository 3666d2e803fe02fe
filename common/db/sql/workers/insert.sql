-- Registers a worker under a new id.
--
--   $1 text     instance, host:pid
--   $2 text     version
--   $3 integer  slots
--   $4 text[]   targets, empty for all
-- Returns  id
-- Locks    the new row
-- Index    workers_pkey
-- Caller   PgTaskQueue::register_worker
INSERT INTO lethe.workers (instance, version, slots, targets)
VALUES ($1::text, $2::text, $3::integer, $4::text[])
RETURNING id
