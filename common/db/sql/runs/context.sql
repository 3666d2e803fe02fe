-- The frozen facts of a run, as its tasks need them.
--
--   $1 text     run
-- Returns  one row, or none: policy, policy_epoch, spec_sha256, spec (without the tenants'
--          overrides), target, url, as_of, expire_at (timestamptz text, UTC), passes
-- Locks    none
-- Index    runs_pkey
-- Caller   PgTaskQueue::run_context
SELECT coalesce(r.policy, '') AS policy, r.policy_epoch, r.spec_sha256,
       (r.spec #- '{tenant,overrides}')::text AS spec,
       r.target, t.url, r.as_of::text AS as_of, r.expire_at::text AS expire_at, r.passes
  FROM lethe.runs r
  JOIN lethe.targets t ON t.name = r.target
 WHERE r.id = $1::text
