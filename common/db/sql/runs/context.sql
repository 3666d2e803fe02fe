-- The frozen facts of a run, as its tasks need them.
--
--   $1 text     run
-- Returns  one row, or none: policy, policy_epoch, spec_sha256, spec (without the tenants'
--          overrides), target, url, as_of, expire_at (timestamptz text, UTC), passes;
--          system_identifier ('': nothing is known of the target's database), timeline,
--          database_oid, known_task ('': none that the target must still have), ledger_id (0:
--          none), ledger_hash, survives_failover; now_us (this clock, microseconds since 1970),
--          clock_skew_seconds, clock_is_watched; freeze ('', all, target), freeze_reason
-- Locks    none
-- Index    runs_pkey, target_databases_pkey
-- Caller   PgTaskQueue::run_context
SELECT coalesce(r.policy, '') AS policy, r.policy_epoch, r.spec_sha256,
       (r.spec #- '{tenant,overrides}')::text AS spec,
       r.target, t.url, r.as_of::text AS as_of, r.expire_at::text AS expire_at, r.passes,
       coalesce(d.system_identifier, '') AS system_identifier, coalesce(d.timeline, 0) AS timeline,
       coalesce(d.database_oid, 0) AS database_oid,
       -- Targets forget fences after 30 days.
       CASE WHEN d.task_at > clock_timestamp() - interval '25 days' THEN d.task ELSE '' END
         AS known_task,
       coalesce(d.ledger_id, 0) AS ledger_id, coalesce(d.ledger_hash, '') AS ledger_hash,
       t.survives_failover, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us,
       t.clock_skew_seconds, lethe.clock_is_watched() AS clock_is_watched,
       coalesce(f.scope, '') AS freeze, coalesce(f.reason, '') AS freeze_reason
  FROM lethe.runs r
  JOIN lethe.targets t ON t.name = r.target
  LEFT JOIN lethe.target_databases d ON d.target = r.target
  LEFT JOIN LATERAL (SELECT p.scope, p.reason FROM lethe.pauses p
                      WHERE p.frozen AND (p.scope = 'all' OR p.name = r.target)
                      ORDER BY p.scope LIMIT 1) f ON true
 WHERE r.id = $1::text
