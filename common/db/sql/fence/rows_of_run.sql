-- Rows that the batches of a run have taken, this transaction's own included.
--
--   $1 text     run
-- Returns  rows
-- Locks    none; the run's advisory lock is held already
-- Index    fence_run
-- Caller   keep_limit (batch_transaction.cpp)
SELECT coalesce(sum(f.rows), 0)::bigint AS rows FROM lethe.fence f WHERE f.run = $1::text
