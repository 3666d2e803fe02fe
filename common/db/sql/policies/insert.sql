-- Adds a policy. Fires from now on: instants before this moment are not made up for.
--
--   $1 text     name
--   $2 text     target
--   $3 text     spec, canonical JSON
--   $4 text     next firing (timestamptz), NULL: only by hand
--   $5 bigint   the newest epoch that a policy of this name ever ran with; this one's is one more
--   $6 integer  window opens, minutes since midnight; NULL: always open
--   $7 integer  window closes
--   $8 text     the window's zone
--   $9 bigint   rows per second, 0: no limit
--  $10 text     who applies it
--  $11 boolean  it needs the approval of a second person
-- Affects  0 rows when the name is taken
-- Locks    the new row
-- Index    policies_pkey
-- Caller   PgPolicyStore::apply
INSERT INTO lethe.policies (name, target, spec, spec_text, spec_sha256, next_fire_at,
                            epoch, window_from, window_to, window_zone, rows_per_second,
                            applied_by, applied_as, needs_approval)
VALUES ($1::text, $2::text, $3::text::jsonb, $3::text,
        encode(sha256(convert_to($3::text, 'UTF8')), 'hex'), $4::timestamptz,
        $5::bigint + 1, $6::integer, $7::integer, $8::text, nullif($9::bigint, 0),
        $10::text, session_user, $11::boolean)
    ON CONFLICT (name) DO NOTHING
