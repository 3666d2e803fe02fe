-- Forgets commands of yesterday.
--
-- Affects  the forgotten rows
-- Locks    those rows
-- Index    commands_made
-- Caller   PgSchedulerStore::keep_house
DELETE FROM lethe.commands c WHERE c.made_at < clock_timestamp() - interval '1 day'
