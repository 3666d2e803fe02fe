-- A scheduler cannot be reached any more.
--
--   $1 text     holder
-- Affects  0 rows when it never could
-- Locks    the row
-- Index    schedulers_pkey
-- Caller   PgSchedulerDirectory::withdraw
DELETE FROM lethe.schedulers WHERE holder = $1::text
