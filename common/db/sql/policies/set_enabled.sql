-- Enables or disables a policy. A change takes a new epoch, so that batches of the old one stop.
--
--   $1 text     name
--   $2 boolean  enabled
--   $3 text     next firing (timestamptz), NULL: none
--   $4 bigint   the epoch that was read
-- Affects  0 rows when the policy is gone or has another epoch
-- Locks    the policy's row
-- Index    policies_pkey
-- Caller   PgPolicyStore::set_enabled
UPDATE lethe.policies
   SET enabled = $2::boolean, epoch = epoch + 1, next_fire_at = $3::timestamptz,
       fire_cursor = clock_timestamp(), updated_at = clock_timestamp()
 WHERE name = $1::text AND epoch = $4::bigint
