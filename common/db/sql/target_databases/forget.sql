-- Forgets which database a target is: the next plan learns it anew.
--
--   $1 text     target
-- Affects  one row, none when nothing was known
-- Locks    the target's row here
-- Index    target_databases_pkey
-- Caller   PgFleetStore::thaw
DELETE FROM lethe.target_databases WHERE target = $1::text
