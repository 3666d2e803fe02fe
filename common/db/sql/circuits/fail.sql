-- A target could not be reached. The third time in a row opens its circuit: nothing is admitted for
-- 5 s, then one task probes; each further failure doubles the pause, up to five minutes.
--
--   $1 text     target
--   $2 text     what was said
-- Returns  open boolean; no row when it is open already
-- Locks    the target's slots, which the caller has
-- Index    target_slots_pkey from the newest version down
-- Caller   deliver (admission_news.cpp)
UPDATE lethe.target_slots
   SET version = version + 1, failures = least(failures + 1, 1000), last_failure = $2::text,
       open_until = CASE WHEN failures + 1 >= 3
                         THEN clock_timestamp()
                              + least(300, 5 * 2 ^ least(failures - 2, 10)) * interval '1 second' END
 WHERE ctid = ANY (ARRAY (SELECT x.ctid FROM lethe.target_slots x
                            WHERE x.target = $1::text ORDER BY x.version DESC LIMIT 1))
   AND (open_until IS NULL OR open_until <= clock_timestamp())
RETURNING failures >= 3 AS open
