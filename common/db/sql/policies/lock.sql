-- A policy as somebody read it, locked so that nobody changes it meanwhile.
--
--   $1 text     name
--   $2 text     sha256 of its spec
-- Returns  applied_by, needs_approval; no row: it is gone, or another one by now
-- Locks    the policy's row
-- Index    policies_pkey
-- Caller   PgPolicyStore::approve
SELECT p.applied_by, p.needs_approval
  FROM lethe.policies p
 WHERE p.name = $1::text AND p.spec_sha256 = $2::text
   FOR UPDATE
