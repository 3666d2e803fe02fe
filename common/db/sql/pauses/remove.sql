-- Ends a pause; a freeze is none.
--
--   $1 text     scope
--   $2 text     name, '' for all
-- Affects  0 rows when there was none
-- Locks    the pause's row
-- Index    pauses_pkey
-- Caller   PgFleetStore::resume
DELETE FROM lethe.pauses WHERE scope = $1::text AND name = $2::text AND NOT frozen
