-- As targets/lock_slots.sql, but leaves out the targets that somebody else has locked.
--
--   $1 text[]   target names
-- Returns  target of each that is locked now
-- Locks    their rows of target_slots, until the end
-- Index    target_slots_pkey from the newest version down
-- Caller   try_lock_slots (queue_steps.cpp)
SELECT s.target
  FROM (SELECT pg_advisory_xact_lock_shared(1279609960, 1)) admission
 CROSS JOIN (SELECT DISTINCT name FROM unnest($1::text[]) AS u (name) ORDER BY name) n
 CROSS JOIN LATERAL (SELECT x.target FROM lethe.target_slots x
                      WHERE x.target = n.name
                      ORDER BY x.version DESC LIMIT 1
                        FOR UPDATE SKIP LOCKED) s
