-- Forgets a policy. Its runs stay as history.
--
--   $1 text     name
-- Affects  0 rows when there is none
-- Locks    the policy's row
-- Index    policies_pkey
-- Caller   PgPolicyStore::remove
DELETE FROM lethe.policies WHERE name = $1::text
