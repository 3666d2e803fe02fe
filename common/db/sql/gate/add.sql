-- Makes the gate row of a policy if it is not there: halted, until it gets its epoch.
--
--   $1 text     policy
-- Affects  0 rows when it is there
-- Locks    the new row
-- Index    gate_pkey
-- Caller   PgTargetDatabase::set_gate, close_gate (gate.cpp)
INSERT INTO lethe.gate (policy, halted, reason) VALUES ($1::text, true, 'being set up')
    ON CONFLICT (policy) DO NOTHING
