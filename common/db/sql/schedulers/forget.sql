-- Forgets schedulers that have not been heard of for an hour.
--
-- Affects  the forgotten rows
-- Locks    those rows
-- Index    none: there are few
-- Caller   PgSchedulerStore::keep_house
DELETE FROM lethe.schedulers s WHERE s.last_seen < clock_timestamp() - interval '1 hour'
