-- One turn of a worker: ends leases and takes new ones. Each settlement takes effect only where
-- (id, epoch, worker) still holds, so a late worker changes nothing and a repeated call does no
-- harm. Totals are cumulative and only grow. A failure of the last attempt and a task past its
-- deadline become dead letters; a requested cancel wins over a requeue.
--
--   $1 bigint   worker; leases nothing unless the registry has it as running
--   $2 jsonb    array of {id, epoch, outcome, delay_ms, batches, rows, batch_size, took_ms, error,
--               sqlstate}; outcome: done again fail release cancel dead
--   $3 integer  most tasks to lease, 0..1000
--   $4 bigint   lease length, milliseconds, from clock_timestamp()
--   $5 text[]   lanes, the preferred one first; each step weighs as much as a minute of waiting
--   $6 text[]   targets, empty for any
-- Returns  one row per settlement that took effect (leased false: id, epoch, run_id, target, tenant,
--          outcome, extra_ms: cost beyond what admission charged, run_over: no other task of its run
--          is live, circuit: its target has failed lately) and one per leased task (leased true: id,
--          epoch, run_id, target, kind, payload, attempts, max_attempts, batch_size,
--          cancel_requested), in no order
-- Locks    the settled rows in the order of their ids, the leased rows (SKIP LOCKED, so it never
--          waits for another worker), then the runs of ended tasks
-- Index    items_own; items_lse from each lane's head: however long the queue, or however old the
--          oldest snapshot, it reads as many rows as it leases; rows are changed by ctid
-- Caller   PgTaskQueue::exchange
WITH entry AS MATERIALIZED (
  SELECT s.id, s.epoch, s.delay_ms, s.batches, s.rows, s.batch_size, s.took_ms, s.sqlstate,
         i.tid, i.run_id, i.target, i.tenant, i.est_cost,
         CASE WHEN f.final = 'expired' THEN 'expired: not finished before its deadline'
              ELSE s.error END AS error,
         CASE f.final WHEN 'expired' THEN 'dead' ELSE f.final END AS final
    FROM (SELECT *
            FROM jsonb_to_recordset($2::jsonb)
              AS x (id text, epoch bigint, outcome text, delay_ms bigint, batches bigint, rows bigint,
                    batch_size bigint, took_ms bigint, error text, sqlstate text)
           ORDER BY id) s
   CROSS JOIN LATERAL (
          SELECT q.ctid AS tid, q.run_id, q.target, q.tenant, q.est_cost, q.cancel_requested,
                 q.attempts, q.max_attempts, q.expire_deadline
            FROM lethe.items q
           WHERE q.leased_by = $1::bigint AND q.id = s.id AND q.lease_epoch = s.epoch
             FOR UPDATE) i
   CROSS JOIN LATERAL (
          SELECT CASE WHEN s.outcome NOT IN ('again', 'fail', 'release') THEN s.outcome
                      WHEN i.expire_deadline <= clock_timestamp() THEN 'expired'
                      WHEN i.cancel_requested THEN 'cancel'
                      WHEN s.outcome = 'fail' AND i.attempts >= i.max_attempts THEN 'dead'
                      ELSE s.outcome END AS final) f
), requeued AS (
  UPDATE lethe.items t
     SET is_leased = false, leased_by = NULL, leased_at = NULL, lease_deadline = NULL,
         admission = 1, ready_at = clock_timestamp(), vft = lethe.place(clock_timestamp(), t.priority),
         enqueue_at = CASE WHEN e.delay_ms > 0
                           THEN clock_timestamp() + e.delay_ms * interval '1 millisecond' END,
         attempts = CASE e.final WHEN 'fail' THEN t.attempts
                                 WHEN 'release' THEN greatest(0, t.attempts - 1) ELSE 0 END,
         rescues = CASE e.final WHEN 'again' THEN 0 ELSE t.rescues END,
         est_cost = CASE e.final WHEN 'again' THEN greatest(1, (t.est_cost * 3 + e.took_ms) / 4)
                                 ELSE t.est_cost END,
         batch_size = CASE WHEN e.batch_size > 0 THEN e.batch_size ELSE t.batch_size END,
         batches = greatest(t.batches, e.batches), rows_done = greatest(t.rows_done, e.rows),
         last_error = nullif(e.error, '')
    FROM entry e
   WHERE e.final IN ('again', 'fail', 'release') AND t.ctid = e.tid
), removed AS (
  DELETE FROM lethe.items t
   USING entry e
   WHERE e.final IN ('done', 'cancel', 'dead') AND t.ctid = e.tid
  RETURNING t AS item, e.final, e.error, e.sqlstate,
            jsonb_build_object('batches', greatest(t.batches, e.batches),
                               'rows_done', greatest(t.rows_done, e.rows),
                               'last_error', nullif(e.error, '')) AS changes
), ended AS MATERIALIZED (  -- the row as it was, with its last totals
  SELECT jsonb_populate_record(item, changes) AS item, final, error, sqlstate FROM removed
), archived AS (
  INSERT INTO lethe.history
  SELECT (item).*, clock_timestamp(), CASE final WHEN 'done' THEN 'done' ELSE 'cancelled' END
    FROM ended WHERE final IN ('done', 'cancel')
), buried AS (
  INSERT INTO lethe.dead
  SELECT (item).*, clock_timestamp(), error, sqlstate FROM ended WHERE final = 'dead'
), totals AS (
  UPDATE lethe.runs r
     SET rows = r.rows + d.rows, batches = r.batches + d.batches
    FROM (SELECT (item).run_id AS run_id, sum((item).rows_done) AS rows,
                 sum((item).batches) AS batches
            FROM ended GROUP BY 1) d
   WHERE r.id = d.run_id AND (d.rows > 0 OR d.batches > 0)
), pick AS MATERIALIZED (
  SELECT x.tid
    FROM unnest($5::text[]) WITH ORDINALITY AS l (name, rank)
    LEFT JOIN lethe.lanes h ON h.name = l.name
   CROSS JOIN LATERAL (
          SELECT i.ctid AS tid, i.vft
            FROM lethe.items i
           WHERE i.lane = l.name AND i.vft >= coalesce(h.head, 0)
             AND NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0
             AND i.kind IN ('plan', 'clean', 'verify')
             AND (cardinality($6::text[]) = 0 OR i.target = ANY ($6::text[]))
             AND i.expire_deadline > clock_timestamp()
           ORDER BY i.vft, i.id
           LIMIT CASE WHEN (SELECT w.phase FROM lethe.workers w
                             WHERE w.id = $1::bigint) = 'running' THEN $3::integer ELSE 0 END
             FOR UPDATE SKIP LOCKED) x
   ORDER BY x.vft + (l.rank - 1) * 60000000
   LIMIT $3::integer
), leased AS (
  UPDATE lethe.items t
     SET is_leased = true, leased_by = $1::bigint, leased_at = clock_timestamp(),
         lease_deadline = clock_timestamp() + $4::bigint * interval '1 millisecond',
         lease_epoch = t.lease_epoch + 1, attempts = t.attempts + 1
   WHERE t.ctid = ANY (ARRAY (SELECT pick.tid FROM pick))
  RETURNING t.id, t.kind, t.run_id, t.target, t.payload, t.lease_epoch, t.attempts, t.max_attempts,
            t.batch_size, t.cancel_requested
), started AS (
  UPDATE lethe.runs r SET started_at = clock_timestamp()
   WHERE r.started_at IS NULL
     AND r.id = ANY (ARRAY (SELECT l.run_id FROM leased l WHERE l.kind = 'plan'))
)
SELECT false AS leased, e.id, e.epoch, e.run_id, e.target, e.tenant, e.final AS outcome,
       greatest(e.took_ms, 50) - e.est_cost AS extra_ms,
       e.final IN ('done', 'cancel', 'dead') AND NOT EXISTS (
         SELECT 1 FROM (SELECT 1 FROM lethe.items r
                         WHERE r.run_id = e.run_id
                           AND r.id <> ALL (ARRAY (SELECT o.id FROM entry o
                                                    WHERE o.final IN ('done', 'cancel', 'dead')))
                         ORDER BY r.run_id DESC, r.id DESC LIMIT 1) live) AS run_over,
       coalesce((SELECT s.failures > 0 FROM lethe.target_slots s
                  WHERE s.target = e.target), false) AS circuit,
       NULL::text AS kind, NULL::bytea AS payload, NULL::integer AS attempts,
       NULL::integer AS max_attempts, NULL::bigint AS batch_size, NULL::boolean AS cancel_requested
  FROM entry e
UNION ALL
SELECT true, l.id, l.lease_epoch, l.run_id, l.target, NULL, NULL, NULL, NULL, NULL, l.kind, l.payload,
       l.attempts, l.max_attempts, l.batch_size, l.cancel_requested
  FROM leased l
