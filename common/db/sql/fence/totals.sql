-- What became of a batch whose COMMIT was not answered.
--
--   $1 text     task
--   $2 bigint   epoch of the lease
-- Returns  batches, rows, finished, ledger_hash when this epoch is the newest; else no row
-- Locks    none
-- Index    fence_pkey
-- Caller   PgTaskRunner::after_unknown_commit
SELECT batches, rows, finished, ledger_hash FROM lethe.fence
 WHERE task = $1::text AND epoch = $2::bigint
