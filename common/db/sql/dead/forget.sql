-- Forgets old dead letters.
--
--   $1 integer  days to keep, 1..3650
-- Affects  the forgotten ones
-- Locks    them
-- Index    dead_died
-- Caller   PgSchedulerStore::keep_house
DELETE FROM lethe.dead WHERE died_at < clock_timestamp() - $1::integer * interval '1 day'
