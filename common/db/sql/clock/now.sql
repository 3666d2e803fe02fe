-- The control database's clock.
--
-- Returns  now, microseconds since 1970
-- Locks    none
-- Index    none
-- Caller   PgPolicyStore::now
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
