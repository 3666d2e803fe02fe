-- Keeps where the bytes of a run's table are.
--
--   $1 text     run
--   $2 bigint   bytes of the table
--   $3 bigint   of its indexes
--   $4 bigint   dead, NULL when unknown, as the next two
--   $5 bigint   reusable
--   $6 bigint   returnable
--   $7 bigint   returned: of dropped partitions
--   $8 bigint   quarantined
--   $9 bigint   rows that were ever inserted, as statistics count
-- Affects  0 rows when the run has ended
-- Locks    the run's row
-- Index    runs_pkey
-- Caller   take_space (pg_task_queue.cpp)
UPDATE lethe.runs
   SET space = jsonb_strip_nulls(jsonb_build_object(
         'table', $2::bigint, 'index', $3::bigint, 'dead', $4::bigint, 'reusable', $5::bigint,
         'returnable', $6::bigint, 'returned', $7::bigint, 'quarantined', $8::bigint,
         'inserted', $9::bigint))
 WHERE id = $1::text AND finished_at IS NULL
