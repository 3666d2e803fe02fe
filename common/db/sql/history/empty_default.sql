-- Removes old rows from the partition for days without one of their own: only a fleet without a
-- scheduler writes there.
--
--   $1 integer  days to keep, 1..3650
-- Affects  the removed rows
-- Locks    them
-- Index    none
-- Caller   PgSchedulerStore::keep_house
DELETE FROM lethe.history_default
 WHERE finished_at < clock_timestamp() - $1::integer * interval '1 day'
