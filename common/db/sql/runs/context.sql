-- The frozen facts of a run, as its tasks need them.
--
--   $1 text     run
--   $2 boolean  with the tenants' overrides
-- Returns  one row, or none: policy, policy_epoch, spec_sha256, spec (without overrides), overrides
--          (object by tenant, or ''), overrides_keep_min (one of them keeps a number of rows),
--          target, url, as_of, expire_at (timestamptz text, UTC), passes
-- Locks    none
-- Index    runs_pkey
-- Caller   PgTaskQueue::run_context
SELECT coalesce(r.policy, '') AS policy, r.policy_epoch, r.spec_sha256,
       (r.spec #- '{tenant,overrides}')::text AS spec,
       CASE WHEN $2::boolean THEN coalesce((r.spec #> '{tenant,overrides}')::text, '')
            ELSE '' END AS overrides,
       $2::boolean
         AND jsonb_path_exists(r.spec, '$.tenant.overrides.*.keep_min ? (@ > 0)')
         AS overrides_keep_min,
       r.target, t.url, r.as_of::text AS as_of, r.expire_at::text AS expire_at, r.passes
  FROM lethe.runs r
  JOIN lethe.targets t ON t.name = r.target
 WHERE r.id = $1::text
