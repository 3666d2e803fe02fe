-- What is known of a policy's name: whether there is such a policy, and the newest epoch that one of
-- this name has or ever ran with.
--
--   $1 text     name
-- Returns  exists, epoch (0: never seen); always one row
-- Locks    none
-- Index    policies_pkey, runs_of_policy
-- Caller   PgPolicyStore::version
SELECT EXISTS (SELECT 1 FROM lethe.policies p WHERE p.name = $1::text) AS exists,
       greatest(0, (SELECT p.epoch FROM lethe.policies p WHERE p.name = $1::text),
                (SELECT max(r.policy_epoch) FROM lethe.runs r WHERE r.policy = $1::text)) AS epoch
