-- Takes the shared locks under which a batch reads the gate. Whoever changes a gate row holds the
-- lock exclusively, so a change waits for the batches in flight and no longer.
--
--   $1 text     policy, '' for an ad-hoc run
-- Returns  one row per gate row that exists
-- Locks    advisory locks of the transaction, shared: '*' first, then the policy's
-- Index    gate_pkey
-- Caller   pass_gate (batch_transaction.cpp), PgTargetDatabase::purge,
--          PgTargetDatabase::prune_archive
SELECT pg_advisory_xact_lock_shared(1279607909, g.key)  -- 1279607909 is "LETe" in ASCII
  FROM (SELECT key FROM lethe.gate WHERE policy IN ('*', $1::text) ORDER BY policy <> '*') g
