-- The next partition that was in quarantine long enough.
--
--   $1 text     of this policy; NULL for all
--   $2 bigint   after this id
-- Returns  id; no row when there is none
-- Locks    none
-- Index    quarantine_due
-- Caller   next_due (quarantine.cpp)
SELECT q.id
  FROM lethe.quarantine q
 WHERE q.dropped_at IS NULL AND q.restored_at IS NULL AND q.purge_after <= clock_timestamp()
   AND q.policy = coalesce($1::text, q.policy) AND q.id > $2::bigint
 ORDER BY q.id
 LIMIT 1
