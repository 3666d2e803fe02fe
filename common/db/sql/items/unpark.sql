-- Lets tasks that admission put aside because of a pause wait again, when no pause covers them any
-- more.
--
-- Affects  the tasks
-- Locks    their rows; the caller has locked the targets' slots and recounts them
-- Index    items_prk
-- Caller   PgFleetStore::resume, PgFleetStore::thaw
UPDATE lethe.items i
   SET admission = 1, vft = lethe.place(clock_timestamp(), i.priority)
 WHERE i.admission = 2
   AND NOT EXISTS (SELECT 1 FROM lethe.pauses p
                    WHERE p.scope = 'all' OR (p.scope = 'target' AND p.name = i.target)
                       OR (p.scope = 'policy' AND p.name = i.policy)
                       OR (p.scope = 'tenant' AND p.name = i.tenant))
