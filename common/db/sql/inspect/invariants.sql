-- What must always hold in the queue, at any moment and under load: the statement sees one moment.
--
-- Returns  rule, object, detail of each violation, at most 1000
-- Locks    none
-- Index    none: reads the queue as a whole
-- Caller   PgInspector::invariants
WITH violation (rule, object, detail) AS (
  SELECT 'task_doubled', i.id, 'is live and ' || e.place
    FROM lethe.items i
    JOIN (SELECT id, 'ended' AS place FROM lethe.history UNION ALL SELECT id, 'dead' FROM lethe.dead) e
      ON e.id = i.id
  UNION ALL
  SELECT 'task_doubled', h.id, 'ended ' || count(*) || ' times'
    FROM (SELECT id FROM lethe.history UNION ALL SELECT id FROM lethe.dead) h
   GROUP BY h.id HAVING count(*) > 1
  UNION ALL
  SELECT 'task_without_run', i.id, 'run ' || i.run_id || ' is ' || coalesce(r.state, 'not there')
    FROM lethe.items i LEFT JOIN lethe.runs r ON r.id = i.run_id
   WHERE r.id IS NULL OR r.finished_at IS NOT NULL
  UNION ALL
  SELECT 'run_over_without_end', r.id, r.state || ' since ' || r.created_at || ' with no task'
    FROM lethe.runs r
   WHERE r.finished_at IS NULL AND r.state <> 'queued'
     AND r.created_at < clock_timestamp() - interval '5 minutes'
     AND NOT EXISTS (SELECT 1 FROM lethe.items i WHERE i.run_id = r.id)
     AND NOT EXISTS (SELECT 1 FROM lethe.history h
                      WHERE h.run_id = r.id AND h.finished_at > clock_timestamp() - interval '5 minutes')
  UNION ALL
  SELECT 'run_state', r.id, r.state || CASE WHEN r.finished_at IS NULL THEN ' and not ended' ELSE ' and ended' END
    FROM lethe.runs r
   WHERE (r.finished_at IS NULL) <> (r.state IN ('queued', 'planned', 'cleaning', 'verifying', 'vacuuming'))
  UNION ALL
  SELECT 'run_without_reason', r.id, r.state || ' without an error text'
    FROM lethe.runs r
   WHERE r.state IN ('failed', 'cancelled', 'expired', 'refused', 'skipped') AND coalesce(r.error, '') = ''
  UNION ALL
  SELECT 'two_open_runs', r.policy, count(*) || ' runs of the policy are under way'
    FROM lethe.runs r
   WHERE r.finished_at IS NULL AND r.state <> 'queued' AND r.policy IS NOT NULL
   GROUP BY r.policy HAVING count(*) > 1
  UNION ALL
  SELECT 'lease_incomplete', i.id, 'leased without worker, deadline, epoch or admission'
    FROM lethe.items i
   WHERE i.is_leased AND (i.leased_by IS NULL OR i.lease_deadline IS NULL OR i.lease_epoch < 1
                          OR i.admission <> 0 OR i.enqueue_at IS NOT NULL)
  UNION ALL
  SELECT 'lease_of_nobody', i.id, 'leased by ' || i.leased_by || ', which never registered'
    FROM lethe.items i
   WHERE i.is_leased AND NOT EXISTS (SELECT 1 FROM lethe.workers w WHERE w.id = i.leased_by)
  UNION ALL
  SELECT 'more_leases_than_slots', w.id::text, count(*) || ' leases of ' || w.slots || ' slots'
    FROM lethe.workers w JOIN lethe.items i ON i.is_leased AND i.leased_by = w.id
   GROUP BY w.id, w.slots HAVING count(*) > w.slots
  UNION ALL
  SELECT 'epoch_went_back', i.id, 'attempts ' || i.attempts || ' at epoch ' || i.lease_epoch
    FROM lethe.items i WHERE i.attempts > i.lease_epoch OR i.rescues > i.lease_epoch
  UNION ALL
  SELECT 'slots_uncounted', s.target, a.admitted || ' admitted, ' || s.admitted || ' counted'
    FROM lethe.target_slots s
   CROSS JOIN LATERAL (SELECT count(*) AS admitted FROM lethe.items i
                        WHERE i.target = s.target AND i.admission = 0
                          AND (i.is_leased OR i.enqueue_at IS NULL)) a
   WHERE a.admitted > s.admitted
  UNION ALL
  SELECT 'share_uncounted', a.target || '/' || a.tenant,
         a.admitted || ' admitted, ' || coalesce(h.admitted, 0) || ' counted'
    FROM (SELECT i.target, i.tenant, count(*) AS admitted
            FROM lethe.items i WHERE i.admission = 0 GROUP BY 1, 2) a
    LEFT JOIN lethe.shares h ON h.target = a.target AND h.tenant = a.tenant
   WHERE a.admitted > coalesce(h.admitted, 0)
  UNION ALL
  SELECT 'place_before_head', i.id, 'ready at ' || i.vft || ', its lane''s head is ' || l.head
    FROM lethe.items i JOIN lethe.lane_heads l ON l.lane = i.lane
   WHERE NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0 AND i.vft < l.head
  UNION ALL
  SELECT 'place_before_head', i.id, 'waits at ' || i.vft || ', its tenant''s head is ' || h.head
    FROM lethe.items i JOIN lethe.shares h ON h.target = i.target AND h.tenant = i.tenant
   WHERE NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 1 AND i.vft < h.head
     AND i.ready_at < clock_timestamp() - interval '10 minutes'  -- by then every recount saw it
  UNION ALL
  SELECT 'audit_gap', a.id::text, 'the row before it is missing or another one'
    FROM (SELECT id, prev_hash, lag(hash) OVER (ORDER BY id) AS before, lag(id) OVER (ORDER BY id) AS id_before
            FROM lethe.audit) a
   WHERE a.id_before IS NOT NULL AND (a.prev_hash <> a.before OR a.id <> a.id_before + 1)
)
SELECT rule, object, detail FROM violation ORDER BY rule, object LIMIT 1000
