-- Remembers that somebody has looked at the clock, unless somebody else did meanwhile.
--
--   $1 text     what it showed (timestamptz)
--   $2 text     what it showed at the look before (timestamptz), NULL: there was none
-- Affects  one row, none when somebody else was there
-- Locks    the row
-- Index    clock_pkey
-- Caller   PgClockStore::saw
INSERT INTO lethe.clock AS c (seen_at)
VALUES ($1::timestamptz)
    ON CONFLICT (one) DO UPDATE SET seen_at = excluded.seen_at
 WHERE c.seen_at = $2::timestamptz
