-- Changes a gate row. Whoever gives it another epoch holds its lock exclusively; whoever only closes it
-- waits for that lock afterwards.
--
--   $1 text     policy, or '*'
--   $2 bigint   policy epoch, NULL keeps it
--   $3 boolean  halted
--   $4 text     reason, '' for none
-- Affects  one row
-- Locks    the row
-- Index    gate_pkey
-- Caller   PgTargetDatabase::set_gate, close_gate (gate.cpp), open_gate (gate.cpp)
UPDATE lethe.gate
   SET policy_epoch = coalesce($2::bigint, policy_epoch), halted = $3::boolean, reason = $4::text,
       updated_at = clock_timestamp()
 WHERE policy = $1::text
