-- A person agrees to so many rows of a policy's next run.
--
--   $1 text     policy
--   $2 text     sha256 of its spec, as the person saw it
--   $3 bigint   rows
--   $4 text     who
-- Affects  one row; 0 when the policy is another one by now
-- Locks    the new row
-- Index    policies_pkey
-- Caller   PgPolicyStore::acknowledge
INSERT INTO lethe.acknowledgements (policy, target, spec_sha256, rows, acknowledged_by)
SELECT p.name, p.target, p.spec_sha256, $3::bigint, $4::text
  FROM lethe.policies p
 WHERE p.name = $1::text AND p.spec_sha256 = $2::text
