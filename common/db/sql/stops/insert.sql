-- Asks for the end of the statements in flight of tasks that were cancelled.
--
--   $1 text[]   tasks
-- Returns  worker, once each: those that hold one of them
-- Locks    the new rows
-- Index    stops_pkey, items_pkey
-- Caller   stop_tasks (pg_command_store.cpp)
WITH asked AS (
  INSERT INTO lethe.stops (task) SELECT unnest($1::text[])
      ON CONFLICT (task) DO UPDATE SET asked_at = clock_timestamp()
)
SELECT DISTINCT i.leased_by AS worker
  FROM lethe.items i
 WHERE i.id = ANY ($1::text[]) AND i.leased_by IS NOT NULL
