-- What the clock shows, and showed when somebody looked last.
--
-- Returns  now, seen (microseconds since 1970; NULL: nobody has looked yet)
-- Locks    none
-- Index    clock_pkey
-- Caller   PgClockStore::look
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now,
       (SELECT (extract(epoch FROM c.seen_at) * 1000000)::bigint FROM lethe.clock c) AS seen
