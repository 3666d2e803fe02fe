-- A second person agrees to a policy.
--
--   $1 text     policy
--   $2 text     sha256 of its spec
--   $3 text     who
-- Affects  one row, and the policy's when its spec asks for no approval any more
-- Locks    the new row; the policy's, held already
-- Index    policies_pkey
-- Caller   PgPolicyStore::approve
WITH kept AS (
  UPDATE lethe.policies p SET needs_approval = false
   WHERE p.name = $1::text AND p.spec_sha256 = $2::text AND NOT p.spec ? 'approval'
)
INSERT INTO lethe.approvals (policy, spec_sha256, approved_by) VALUES ($1::text, $2::text, $3::text)
