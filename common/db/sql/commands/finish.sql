-- The answer to a command, in its transaction.
--
--   $1 text     id
--   $2 text     code
--   $3 text     detail
-- Affects  one row
-- Locks    that row, which is the transaction's own
-- Index    commands_pkey
-- Caller   PgCommandStore::carry_out
UPDATE lethe.commands SET code = $2::text, detail = $3::text WHERE id = $1::text
