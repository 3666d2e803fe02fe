-- Takes what the clock shows now for right.
--
-- Affects  one row
-- Locks    the row
-- Index    clock_pkey
-- Caller   PgFleetStore::thaw
INSERT INTO lethe.clock (seen_at)
VALUES (clock_timestamp())
    ON CONFLICT (one) DO UPDATE SET seen_at = excluded.seen_at
