-- Forgets stops of yesterday.
--
-- Affects  the forgotten rows
-- Locks    those rows
-- Index    none: there are few
-- Caller   PgSchedulerStore::keep_house
DELETE FROM lethe.stops s WHERE s.asked_at < clock_timestamp() - interval '1 day'
