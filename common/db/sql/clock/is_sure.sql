-- Whether the clock may be gone by: somebody has looked at it lately, and nobody found that it jumped.
--
-- Returns  sure
-- Locks    none
-- Index    clock_pkey, pauses_pkey
-- Caller   PgSchedulerStore::keep_house
SELECT lethe.clock_is_watched()
       AND NOT EXISTS (SELECT 1 FROM lethe.pauses p WHERE p.scope = 'all' AND p.frozen) AS sure
