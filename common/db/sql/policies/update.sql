-- Changes a policy, unless somebody else changed it since it was read.
--
--   $1 text     name
--   $2 text     target
--   $3 text     spec, canonical JSON
--   $4 text     next firing (timestamptz), NULL: only by hand
--   $5 bigint   the epoch that was read; the new one is one more
--   $6 integer  window opens, minutes since midnight; NULL: always open
--   $7 integer  window closes
--   $8 text     the window's zone
--   $9 bigint   rows per second, 0: no limit
--  $10 text     who applies it
--  $11 boolean  it needs the approval of a second person; so does the change that takes this away
-- Affects  0 rows when the policy is gone or has another epoch
-- Locks    the policy's row
-- Index    policies_pkey
-- Caller   PgPolicyStore::apply
UPDATE lethe.policies
   SET target = $2::text, spec = $3::text::jsonb, spec_text = $3::text,
       spec_sha256 = encode(sha256(convert_to($3::text, 'UTF8')), 'hex'),
       window_from = $6::integer, window_to = $7::integer, window_zone = $8::text,
       rows_per_second = nullif($9::bigint, 0),
       applied_by = $10::text, applied_as = session_user, applied_at = clock_timestamp(),
       needs_approval = needs_approval OR $11::boolean,
       epoch = epoch + 1, next_fire_at = $4::timestamptz,
       fire_cursor = clock_timestamp(), updated_at = clock_timestamp()
 WHERE name = $1::text AND epoch = $5::bigint
