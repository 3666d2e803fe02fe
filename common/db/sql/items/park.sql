-- Takes the admission of unleased tasks back that a pause covers, so that nobody leases them.
-- Waiting ones need no change: admission looks at the pauses.
--
-- Affects  the tasks
-- Locks    their rows; the caller has locked the targets' slots and recounts them
-- Index    items_lse as a whole
-- Caller   PgFleetStore::pause, freeze (queue_steps.cpp)
UPDATE lethe.items i
   SET admission = 1, vft = lethe.place(clock_timestamp(), i.priority)
 WHERE NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0
   AND EXISTS (SELECT 1 FROM lethe.pauses p
                WHERE p.scope = 'all' OR (p.scope = 'target' AND p.name = i.target)
                   OR (p.scope = 'policy' AND p.name = i.policy)
                   OR (p.scope = 'tenant' AND p.name = i.tenant))
