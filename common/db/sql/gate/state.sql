-- Whether the whole target is halted or frozen.
--
-- Returns  halted, reason, frozen_by (clock, database, '' for not), frozen (why)
-- Locks    none; whoever acts on it holds the gate's shared lock
-- Index    gate_pkey
-- Caller   pass_closed_gate (gate.cpp), PgTargetDatabase::check
SELECT halted, reason, frozen_by, frozen FROM lethe.gate WHERE policy = '*'
