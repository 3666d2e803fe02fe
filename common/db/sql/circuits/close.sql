-- A target answers again.
--
--   $1 text     target
-- Affects  0 rows when its circuit was well
-- Locks    the target's slots, which the caller has
-- Index    target_slots_pkey from the newest version down
-- Caller   deliver (admission_news.cpp)
UPDATE lethe.target_slots
   SET version = version + 1, failures = 0, open_until = NULL, last_failure = NULL
 WHERE ctid = ANY (ARRAY (SELECT x.ctid FROM lethe.target_slots x
                            WHERE x.target = $1::text ORDER BY x.version DESC LIMIT 1))
   AND failures > 0
