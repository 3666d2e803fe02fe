-- As targets/lock_slots.sql, but leaves out the targets that somebody else has locked.
--
--   $1 text[]   target names
-- Returns  target of each that is locked now
-- Locks    their rows of target_slots, until the end
-- Index    target_slots_pkey
-- Caller   try_lock_slots (queue_steps.cpp)
SELECT s.target
  FROM (SELECT pg_advisory_xact_lock_shared(1279609960, 1)) admission
 CROSS JOIN LATERAL (SELECT target FROM lethe.target_slots
                      WHERE target = ANY ($1::text[])
                      ORDER BY target
                        FOR UPDATE SKIP LOCKED) s
