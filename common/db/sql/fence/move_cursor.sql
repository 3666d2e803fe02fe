-- Remembers how far a verification has come. It deletes nothing, so it writes no ledger.
--
--   $1 text     task
--   $2 text     cursor
-- Affects  one row
-- Locks    the fence row, held already
-- Index    fence_pkey
-- Caller   PgTaskRunner::verify
UPDATE lethe.fence SET cursor = $2::text, updated_at = clock_timestamp() WHERE task = $1::text
