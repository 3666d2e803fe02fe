-- Gives the leadership up at once, so that another scheduler need not wait for the term's end.
--
--   $1 text     holder
--   $2 bigint   term
-- Affects  0 rows when somebody else leads
-- Locks    the leader's row
-- Index    leader_pkey
-- Caller   PgLeadership::resign
UPDATE lethe.leader SET expires_at = clock_timestamp()
 WHERE name = 'scheduler' AND holder = $1::text AND term = $2::bigint
