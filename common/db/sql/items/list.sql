-- Live tasks, as operators see them.
--
--   $1 text     one id, or NULL for all
--   $2 text     run, or NULL
--   $3 text     target, or NULL
--   $4 text     state, or NULL: waiting, ready, leased, scheduled, paused
--   $5 integer  most rows, 1..10000
-- Returns  id, run, policy, target, kind, state, tenant, lane, attempts, max_attempts, rescues, epoch,
--          leased_by, leased_at, lease_deadline, expire_deadline, enqueue_at, created_at, batches,
--          rows, last_error, cancel_requested, payload; by id
-- Locks    none
-- Index    items_pkey
-- Caller   PgTaskStore::list, PgTaskStore::find
SELECT i.id, i.run_id AS run, i.policy, i.target, i.kind, s.state, i.tenant, i.lane, i.attempts,
       i.max_attempts, i.rescues, i.lease_epoch AS epoch, i.leased_by,
       lethe.iso(i.leased_at) AS leased_at, lethe.iso(i.lease_deadline) AS lease_deadline,
       lethe.iso(i.expire_deadline) AS expire_deadline, lethe.iso(i.enqueue_at) AS enqueue_at,
       lethe.iso(i.created_at) AS created_at, i.batches, i.rows_done AS rows, i.last_error,
       i.cancel_requested, i.payload
  FROM lethe.items i
 CROSS JOIN LATERAL (SELECT CASE WHEN i.is_leased THEN 'leased'
                                 WHEN i.enqueue_at IS NOT NULL THEN 'scheduled'
                                 WHEN i.admission = 2 OR EXISTS (  -- settled during the pause
                                   SELECT 1 FROM lethe.pauses p
                                    WHERE p.scope = 'all'
                                       OR (p.scope = 'target' AND p.name = i.target)
                                       OR (p.scope = 'policy' AND p.name = i.policy)
                                       OR (p.scope = 'tenant' AND p.name = i.tenant)) THEN 'paused'
                                 WHEN i.admission = 0 THEN 'ready'
                                 ELSE 'waiting' END AS state) s
 WHERE ($1::text IS NULL OR i.id = $1::text)
   AND ($2::text IS NULL OR i.run_id = $2::text)
   AND ($3::text IS NULL OR i.target = $3::text)
   AND ($4::text IS NULL OR s.state = $4::text)
 ORDER BY i.id
 LIMIT $5::integer
