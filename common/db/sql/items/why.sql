-- Everything that decides whether a live task runs now.
--
--   $1 text     task
-- Returns  state, target, target_cap, target_admitted, tenant, tenant_cap (0: none), tenant_admitted,
--          paced_until (its target is ahead of its rows per second; '' is not), rows_per_second,
--          lane, enqueue_at, policy_window (text, '' for none), window_open, circuit_until,
--          circuit_failures, circuit_error, leased_by, leased_at, lease_deadline, instance,
--          cancel_requested, last_error, attempts, max_attempts, pause_scope, pause_name, paused_by,
--          paused_at, pause_reason, workers (running and able to take it), workers_of_target
--          (whatever the lane), ahead (waiting tasks of its tenant before this one, at most 1000);
--          or no row
-- Locks    none
-- Index    items_pkey, items_wai; items_own and items_lse as a whole
-- Caller   PgTaskStore::why
SELECT CASE WHEN i.is_leased THEN 'leased' WHEN i.enqueue_at IS NOT NULL THEN 'scheduled'
            WHEN i.admission = 2 OR p.scope IS NOT NULL THEN 'paused'
            WHEN i.admission = 0 THEN 'ready'
            ELSE 'waiting' END AS state,
       i.target, t.max_running AS target_cap,
       (SELECT count(*) FROM lethe.items l
         WHERE l.target = i.target
           AND (l.leased_by IS NOT NULL
                OR (NOT l.is_leased AND l.enqueue_at IS NULL AND l.admission = 0))) AS target_admitted,
       i.tenant, CASE i.tenant WHEN '' THEN 0 ELSE coalesce(c.max_running, 4) END AS tenant_cap,
       (SELECT count(*) FROM lethe.items l
         WHERE l.target = i.target AND l.tenant = i.tenant
           AND (l.leased_by IS NOT NULL
                OR (NOT l.is_leased AND l.enqueue_at IS NULL AND l.admission = 0))) AS tenant_admitted,
       lethe.iso(CASE WHEN t.rows_per_second IS NOT NULL
                       AND lethe.paid_until('target', t.name) > clock_timestamp()
                      THEN lethe.paid_until('target', t.name) END) AS paced_until,
       t.rows_per_second,
       i.lane, lethe.iso(i.enqueue_at) AS enqueue_at,
       CASE WHEN o.window_from IS NULL THEN ''
            ELSE to_char(make_interval(mins => o.window_from), 'HH24:MI') || ' to '
                 || to_char(make_interval(mins => o.window_to), 'HH24:MI') || ' '
                 || o.window_zone END AS policy_window,
       o.window_from IS NULL
         OR lethe.window_closes(o.window_from, o.window_to, o.window_zone, clock_timestamp())
            IS NOT NULL AS window_open,
       lethe.iso(CASE WHEN s.failures >= 3 THEN s.open_until END) AS circuit_until,
       s.failures AS circuit_failures, s.last_failure AS circuit_error, i.leased_by,
       lethe.iso(i.leased_at) AS leased_at, lethe.iso(i.lease_deadline) AS lease_deadline,
       w.instance, i.cancel_requested, i.last_error, i.attempts, i.max_attempts,
       p.scope AS pause_scope, p.name AS pause_name, p.paused_by,
       lethe.iso(p.paused_at) AS paused_at, p.reason AS pause_reason, a.workers,
       a.workers_of_target,
       (SELECT count(*) FROM (
          SELECT 1 FROM lethe.items b
           WHERE b.target = i.target AND b.tenant = i.tenant AND NOT b.is_leased
             AND b.enqueue_at IS NULL AND b.admission = 1 AND (b.vft, b.id) < (i.vft, i.id)
           LIMIT 1000) x) AS ahead
  FROM lethe.items i
  JOIN lethe.targets t ON t.name = i.target
 CROSS JOIN LATERAL (SELECT x.* FROM lethe.target_slots x
                      WHERE x.target = i.target ORDER BY x.version DESC LIMIT 1) s
  LEFT JOIN lethe.tenants c ON c.target = i.target AND c.name = i.tenant
  LEFT JOIN lethe.policies o ON o.name = i.policy
  LEFT JOIN lethe.workers w ON w.id = i.leased_by
  LEFT JOIN LATERAL (SELECT * FROM lethe.pauses q
                      WHERE q.scope = 'all' OR (q.scope = 'target' AND q.name = i.target)
                         OR (q.scope = 'policy' AND q.name = i.policy)
                         OR (q.scope = 'tenant' AND q.name = i.tenant)
                      ORDER BY q.frozen DESC, q.scope LIMIT 1) p ON true
 CROSS JOIN LATERAL (
        SELECT count(*) AS workers_of_target,
               count(*) FILTER (WHERE i.lane = ANY (x.lanes)) AS workers
          FROM lethe.workers x
         WHERE x.phase = 'running' AND x.last_seen > clock_timestamp() - interval '30 seconds'
           AND (cardinality(x.targets) = 0 OR i.target = ANY (x.targets))) a
 WHERE i.id = $1::text
