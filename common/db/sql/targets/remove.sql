-- Removes a target that no policy and no live task needs.
--
--   $1 text     name
-- Affects  0 rows when the target is unknown or still needed
-- Locks    the target's row and its slots
-- Index    targets_pkey, items_adm
-- Caller   PgTargetStore::remove
DELETE FROM lethe.targets t
 WHERE t.name = $1::text
   AND NOT EXISTS (SELECT 1 FROM lethe.policies p WHERE p.target = t.name)
   AND NOT EXISTS (SELECT 1 FROM lethe.runs r WHERE r.target = t.name AND r.finished_at IS NULL)
