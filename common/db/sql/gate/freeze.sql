-- Freezes the target until a person has looked; a freeze that is there already stays.
--
--   $1 text     by: clock, database
--   $2 text     reason
-- Affects  one row, none when the target is frozen already
-- Locks    the row '*'
-- Index    gate_pkey
-- Caller   freeze_gate (gate.cpp)
UPDATE lethe.gate
   SET frozen = $2::text, frozen_by = $1::text, updated_at = clock_timestamp()
 WHERE policy = '*' AND frozen_by = ''
