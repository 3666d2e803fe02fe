-- Tells every scheduler that listens something, once this transaction is committed. Only a hint:
-- nothing depends on anybody's hearing it. Not for what workers do all the time, because commits
-- that tell something wait for each other.
--
--   $1 text     "ready N TARGET LANE" (LANE may be missing), "look WORKER" (0: each) or "keys"
-- Returns  one row
-- Locks    the server's notification queue, during the commit
-- Index    none
-- Caller   tell (queue_steps.cpp)
SELECT pg_catalog.pg_notify('lethe', $1::text)
