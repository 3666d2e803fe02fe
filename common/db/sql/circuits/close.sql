-- A target answers again.
--
--   $1 text     target
-- Affects  0 rows when its circuit was well
-- Locks    the target's slots, which the caller has
-- Index    target_slots_pkey
-- Caller   deliver (admission_news.cpp)
UPDATE lethe.target_slots
   SET failures = 0, open_until = NULL, last_failure = NULL
 WHERE target = $1::text AND failures > 0
