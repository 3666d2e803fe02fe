-- Ends a freeze of the target.
--
--   $1 text     by: clock, database
-- Affects  one row, none when it was not frozen by that
-- Locks    the row '*'
-- Index    gate_pkey
-- Caller   thaw_gate (gate.cpp)
UPDATE lethe.gate
   SET frozen = '', frozen_by = '', updated_at = clock_timestamp()
 WHERE policy = '*' AND frozen_by = $1::text
