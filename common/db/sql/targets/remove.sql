-- Removes a target that no policy and no live task needs.
--
--   $1 text     name
-- Affects  0 rows when the target is unknown or still needed
-- Locks    the target's row and its slots
-- Index    targets_pkey, runs_live, shares_pkey, target_slots_pkey
-- Caller   PgTargetStore::remove
WITH gone AS (
  DELETE FROM lethe.targets t
   WHERE t.name = $1::text
     AND NOT EXISTS (SELECT 1 FROM lethe.policies p WHERE p.target = t.name)
     AND NOT EXISTS (SELECT 1 FROM lethe.runs r WHERE r.target = t.name AND r.finished_at IS NULL)
  RETURNING t.name
), shares AS (
  DELETE FROM lethe.shares h USING gone g WHERE h.target = g.name
)
DELETE FROM lethe.target_slots s USING gone g WHERE s.target = g.name
