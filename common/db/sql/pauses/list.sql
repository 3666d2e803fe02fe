-- Every pause in force.
--
-- Returns  scope, name, paused_by, paused_at (ISO 8601), reason, frozen; the widest first, freezes before
--          other pauses
-- Locks    none
-- Index    none: pauses are rare
-- Caller   PgFleetStore::pauses
SELECT scope, name, paused_by, lethe.iso(paused_at) AS paused_at, reason, frozen
  FROM lethe.pauses
 ORDER BY array_position(ARRAY['all', 'target', 'policy', 'tenant'], scope), frozen DESC, name
