-- A command that was carried out before.
--
--   $1 text     id
-- Returns  verb, object, code, detail; or no row
-- Locks    none
-- Index    commands_pkey
-- Caller   PgCommandStore::carry_out
SELECT c.verb, c.object, c.code, c.detail FROM lethe.commands c WHERE c.id = $1::text
