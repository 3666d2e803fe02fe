-- Forgets workers that ended a day ago and hold nothing.
--
-- Affects  the forgotten rows
-- Locks    those rows
-- Index    items_own
-- Caller   PgSchedulerStore::keep_house
DELETE FROM lethe.workers w
 WHERE w.phase IN ('gone', 'lost') AND w.last_seen < clock_timestamp() - interval '1 day'
   AND NOT EXISTS (SELECT 1 FROM lethe.items i WHERE i.is_leased AND i.leased_by = w.id)
