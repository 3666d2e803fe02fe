-- Ends a hold.
--
--   $1 bigint   id
--   $2 text     who
--   $3 text     why
-- Affects  no row when it was released before, or never was
-- Locks    the row
-- Index    holds_pkey
-- Caller   PgTargetDatabase::release_hold
UPDATE lethe.holds
   SET released_at = clock_timestamp(), released_by = $2::text, release_reason = $3::text
 WHERE id = $1::bigint AND released_at IS NULL
