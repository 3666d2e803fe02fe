-- Proves inside a transaction that $1 still leads in term $2, and keeps it so until the end.
--
--   $1 text     holder
--   $2 bigint   term
-- Returns  one row when it leads, none when it does not
-- Locks    the leader's row, shared: a takeover waits for this transaction
-- Index    leader_pkey
-- Caller   as_leader (pg_scheduler_store.cpp)
SELECT term
  FROM lethe.leader
 WHERE name = 'scheduler' AND holder = $1::text AND term = $2::bigint
   AND expires_at > clock_timestamp()
   FOR SHARE
