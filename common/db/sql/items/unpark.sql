-- Lets parked tasks that no pause covers any more wait for admission again.
--
-- Affects  the tasks
-- Locks    their rows; the caller has locked the targets' slots
-- Index    none: resumes are rare
-- Caller   PgFleetStore::resume
UPDATE lethe.items i
   SET admission = 1
 WHERE i.admission = 2
   AND NOT EXISTS (SELECT 1 FROM lethe.pauses p
                    WHERE p.scope = 'all' OR (p.scope = 'target' AND p.name = i.target)
                       OR (p.scope = 'policy' AND p.name = i.policy))
