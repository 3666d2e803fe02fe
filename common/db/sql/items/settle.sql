-- Ends leases, many at once. Each entry takes effect only where (id, epoch, worker) still holds, so
-- a late worker changes nothing and a repeated call does no harm. Totals are cumulative and only
-- grow. A failure of the last attempt becomes a dead letter; a requested cancel wins over a requeue.
--
--   $1 bigint   worker
--   $2 jsonb    array of {id, epoch, outcome, delay_ms, batches, rows, batch_size, took_ms, error,
--               sqlstate}; outcome: done again fail release cancel dead
-- Returns  id, epoch, run_id, outcome (the final one) of each entry that took effect
-- Locks    the settled rows in the order of their ids, then their runs; the caller has locked the
--          targets' slots
-- Index    items_pkey, runs_pkey
-- Caller   PgTaskQueue::settle
WITH entry AS MATERIALIZED (
  SELECT s.*, i.run_id, i.rows_done AS old_rows, i.batches AS old_batches,
         CASE WHEN i.cancel_requested AND s.outcome IN ('again', 'fail', 'release') THEN 'cancel'
              WHEN s.outcome = 'fail' AND i.attempts >= i.max_attempts THEN 'dead'
              ELSE s.outcome END AS final
    FROM (SELECT *
            FROM jsonb_to_recordset($2::jsonb)
              AS x (id text, epoch bigint, outcome text, delay_ms bigint, batches bigint, rows bigint,
                    batch_size bigint, took_ms bigint, error text, sqlstate text)
           ORDER BY id) s
   CROSS JOIN LATERAL (
          SELECT q.run_id, q.rows_done, q.batches, q.cancel_requested, q.attempts, q.max_attempts
            FROM lethe.items q
           WHERE q.id = s.id AND q.is_leased AND q.lease_epoch = s.epoch AND q.leased_by = $1::bigint
             FOR UPDATE) i
), requeued AS (
  UPDATE lethe.items t
     SET is_leased = false, leased_by = NULL, leased_at = NULL, lease_deadline = NULL,
         admission = 1, ready_at = clock_timestamp(),
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
   WHERE e.final IN ('again', 'fail', 'release') AND t.id = e.id
), removed AS (
  DELETE FROM lethe.items t
   USING entry e
   WHERE e.final IN ('done', 'cancel', 'dead') AND t.id = e.id
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
    FROM (SELECT run_id, sum(greatest(0, rows - old_rows)) AS rows,
                 sum(greatest(0, batches - old_batches)) AS batches
            FROM entry GROUP BY run_id) d
   WHERE r.id = d.run_id AND (d.rows > 0 OR d.batches > 0)
)
SELECT id, epoch, run_id, final AS outcome FROM entry
