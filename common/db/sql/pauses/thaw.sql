-- Ends a freeze.
--
--   $1 text     scope: all, target
--   $2 text     name, '' for all
-- Returns  reason; no row when it was not frozen
-- Locks    the pause's row
-- Index    pauses_pkey
-- Caller   PgFleetStore::thaw
DELETE FROM lethe.pauses
 WHERE scope = $1::text AND name = $2::text AND frozen
RETURNING reason
