-- Moves a policy's firing on, unless it was changed since it was read, or the clock may have jumped.
--
--   $1 text     name
--   $2 bigint   the epoch that was read
--   $3 text     the newest instant that is accounted for (timestamptz)
--   $4 text     next firing (timestamptz), NULL: never again
-- Affects  0 rows when it must not fire now; the next turn reads it anew
-- Locks    the policy's row
-- Index    policies_pkey
-- Caller   PgSchedulerStore::fire
UPDATE lethe.policies
   SET fire_cursor = $3::timestamptz, next_fire_at = $4::timestamptz
 WHERE name = $1::text AND epoch = $2::bigint AND enabled AND lethe.clock_is_watched()
