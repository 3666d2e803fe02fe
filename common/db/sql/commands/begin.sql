-- Takes the id of a command. Whoever brings the same id at the same time waits for the end of this
-- transaction.
--
--   $1 text     id
--   $2 text     verb
--   $3 text     object
--   $4 text     actor
-- Affects  0 rows when the id was used before
-- Locks    the new row
-- Index    commands_pkey
-- Caller   PgCommandStore::carry_out
INSERT INTO lethe.commands (id, verb, object, actor)
VALUES ($1::text, $2::text, $3::text, $4::text)
    ON CONFLICT (id) DO NOTHING
