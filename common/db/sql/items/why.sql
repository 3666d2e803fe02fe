-- Everything that decides whether a live task runs now.
--
--   $1 text     task
-- Returns  state, target, target_cap, target_admitted, lane, enqueue_at, leased_by, leased_at,
--          lease_deadline, instance, cancel_requested, last_error, attempts, max_attempts,
--          pause_scope, pause_name, paused_by, paused_at, pause_reason, workers (running and able to
--          take it), ahead (waiting tasks of the target before this one); or no row
-- Locks    none
-- Index    items_pkey, items_adm, items_wai
-- Caller   PgTaskStore::why
SELECT CASE WHEN i.is_leased THEN 'leased' WHEN i.enqueue_at IS NOT NULL THEN 'scheduled'
            WHEN i.admission = 2 OR p.scope IS NOT NULL THEN 'paused'
            WHEN i.admission = 0 THEN 'ready'
            ELSE 'waiting' END AS state,
       i.target, t.max_running AS target_cap,
       (SELECT count(*) FROM lethe.items l
         WHERE l.target = i.target AND l.admission = 0) AS target_admitted,
       i.lane, lethe.iso(i.enqueue_at) AS enqueue_at, i.leased_by,
       lethe.iso(i.leased_at) AS leased_at, lethe.iso(i.lease_deadline) AS lease_deadline,
       w.instance, i.cancel_requested, i.last_error, i.attempts, i.max_attempts,
       p.scope AS pause_scope, p.name AS pause_name, p.paused_by,
       lethe.iso(p.paused_at) AS paused_at, p.reason AS pause_reason,
       (SELECT count(*) FROM lethe.workers x
         WHERE x.phase = 'running' AND x.last_seen > clock_timestamp() - interval '30 seconds'
           AND (cardinality(x.targets) = 0 OR i.target = ANY (x.targets))) AS workers,
       (SELECT count(*) FROM lethe.items a
         WHERE a.target = i.target AND NOT a.is_leased AND a.enqueue_at IS NULL AND a.admission = 1
           AND (a.priority, a.ready_at, a.id) < (i.priority, i.ready_at, i.id)) AS ahead
  FROM lethe.items i
  JOIN lethe.targets t ON t.name = i.target
  LEFT JOIN lethe.workers w ON w.id = i.leased_by
  LEFT JOIN LATERAL (SELECT * FROM lethe.pauses q
                      WHERE q.scope = 'all' OR (q.scope = 'target' AND q.name = i.target)
                         OR (q.scope = 'policy' AND q.name = i.policy)
                      ORDER BY q.scope LIMIT 1) p ON true
 WHERE i.id = $1::text
