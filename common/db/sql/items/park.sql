-- Parks unleased tasks that a pause covers, so that nobody leases them.
--
-- Affects  the parked tasks
-- Locks    their rows; the caller has locked the targets' slots
-- Index    none: pauses are rare
-- Caller   PgFleetStore::pause
UPDATE lethe.items i
   SET admission = 2
 WHERE NOT i.is_leased AND i.admission < 2
   AND EXISTS (SELECT 1 FROM lethe.pauses p
                WHERE p.scope = 'all' OR (p.scope = 'target' AND p.name = i.target)
                   OR (p.scope = 'policy' AND p.name = i.policy))
