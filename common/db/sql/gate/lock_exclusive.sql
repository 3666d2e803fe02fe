-- Waits until no batch is in flight that read this gate row, and keeps new ones out.
--
--   $1 text     policy, or '*'
-- Returns  one row, none when there is no such gate row
-- Locks    the advisory lock of the row's key, exclusive, until the end of the transaction
-- Index    gate_pkey
-- Caller   PgTargetDatabase::set_gate, await_standstill (gate.cpp), PgTargetDatabase::place_hold,
--          PgTargetDatabase::wait_for_batches
SELECT pg_advisory_xact_lock(1279607909, g.key) FROM lethe.gate g WHERE g.policy = $1::text
