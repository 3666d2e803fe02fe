-- One turn of a worker as a function: one round trip and one commit for the end of its leases and
-- the next ones, plans that are kept behind a pooler too, and only those steps that a turn needs.
-- docs/adr/0013 says why this one is not a statement of the program; items/turn.sql is its contract.
-- transactional: yes
-- breaking: yes

-- Two leases of one task never have the same worker and epoch, and what is leased is admitted: the
-- turn keeps that, `lethe doctor --invariants` looks at it, and checks per row cost each turn 5 %.
ALTER TABLE lethe.items DROP CONSTRAINT items_check, DROP CONSTRAINT items_check1;

CREATE FUNCTION lethe.turn(
  worker bigint, requeues jsonb, endings jsonb, tasks_max integer, lease_ms bigint, lanes text[],
  targets text[])
  RETURNS TABLE (
    leased boolean, id text, epoch bigint, run_id text, target text, tenant text, outcome text,
    extra_ms bigint, place bigint, run_over boolean, circuit boolean, kind text, payload bytea, attempts integer,
    max_attempts integer, batch_size bigint, cancel_requested boolean)
  LANGUAGE plpgsql AS $$  -- the caller has pinned search_path; a SET here would cost each turn
#variable_conflict use_column
DECLARE
  again tid[];
  over tid[];
  dead tid[] := '{}';
BEGIN
  -- A lease counts as at least 250 ms, what admission charges for a task that it does not know: short
  -- tasks are shared out by number, long ones by time.
  IF requeues <> '[]' THEN
    -- What becomes of them depends on the row. Locked, in the order of their ids, so that it still
    -- is the row below.
    WITH entry AS MATERIALIZED (
      SELECT i.tid,
             CASE WHEN i.expire_deadline <= clock_timestamp() THEN 'dead'
                  WHEN i.cancel_requested THEN 'cancel'
                  WHEN s.outcome = 'fail' AND i.attempts >= i.max_attempts THEN 'dead'
                  ELSE s.outcome END AS final
        FROM (SELECT x.id, x.epoch, x.outcome
                FROM jsonb_to_recordset(requeues) AS x (id text, epoch bigint, outcome text)
               ORDER BY x.id) s
       CROSS JOIN LATERAL (
              SELECT q.ctid AS tid, q.cancel_requested, q.attempts, q.max_attempts,
                     q.expire_deadline
                FROM lethe.items q
               WHERE q.leased_by = worker AND q.id = s.id AND q.lease_epoch = s.epoch
                 FOR UPDATE) i)
    SELECT array_agg(e.tid) FILTER (WHERE e.final NOT IN ('cancel', 'dead')),
           array_agg(e.tid) FILTER (WHERE e.final IN ('cancel', 'dead')),
           coalesce(array_agg(e.tid) FILTER (WHERE e.final = 'dead'), '{}')
      INTO again, over, dead
      FROM entry e;
  END IF;
  IF again IS NOT NULL THEN
    RETURN QUERY
    UPDATE lethe.items t
       SET is_leased = false, leased_by = NULL, leased_at = NULL, lease_deadline = NULL,
           admission = 1, ready_at = clock_timestamp(),
           vft = lethe.place(clock_timestamp(), t.priority),
           enqueue_at = CASE WHEN s.delay_ms > 0  -- what is not there is NULL
                             THEN clock_timestamp() + s.delay_ms * interval '1 millisecond' END,
           attempts = CASE s.outcome WHEN 'fail' THEN t.attempts
                                     WHEN 'release' THEN greatest(0, t.attempts - 1) ELSE 0 END,
           rescues = CASE s.outcome WHEN 'again' THEN 0 ELSE t.rescues END,
           est_cost = CASE s.outcome WHEN 'again' THEN greatest(1, (t.est_cost * 3 + coalesce(s.took_ms, 0)) / 4)
                                     ELSE t.est_cost END,
           batch_size = CASE WHEN s.batch_size > 0 THEN s.batch_size ELSE t.batch_size END,
           batches = greatest(t.batches, s.batches), rows_done = greatest(t.rows_done, s.rows),
           last_error = nullif(s.error, '')
      FROM jsonb_to_recordset(requeues)
             AS s (id text, outcome text, delay_ms bigint, batches bigint, rows bigint,
                   batch_size bigint, took_ms bigint, error text)
     WHERE t.ctid = ANY (again) AND s.id = t.id
    RETURNING false, t.id, t.lease_epoch, t.run_id, t.target, t.tenant, s.outcome,
              greatest(s.took_ms, 250) - t.est_cost, t.vft, false,
              EXISTS (SELECT 1 FROM lethe.target_slots c
                       WHERE c.target = t.target AND c.failures > 0),
              NULL::text, NULL::bytea, NULL::integer, NULL::integer, NULL::bigint, NULL::boolean;
  END IF;
  IF endings <> '[]' OR over IS NOT NULL THEN
    RETURN QUERY
    WITH gone AS (
      DELETE FROM lethe.items t
       USING jsonb_to_recordset(requeues || endings)
               AS s (id text, epoch bigint, outcome text, batches bigint, rows bigint,
                     took_ms bigint, error text, sqlstate text)
       WHERE t.ctid = ANY (over || ARRAY (
               SELECT i.tid
                 FROM jsonb_to_recordset(endings) AS x (id text, epoch bigint)
                CROSS JOIN LATERAL (
                       SELECT q.ctid AS tid FROM lethe.items q
                        WHERE q.leased_by = worker AND q.id = x.id AND q.lease_epoch = x.epoch
                        LIMIT 1) i))
         AND t.is_leased AND t.lease_epoch = s.epoch AND s.id = t.id
      RETURNING CASE WHEN s.batches > t.batches OR s.rows > t.rows_done OR s.error <> ''
                     THEN jsonb_populate_record(t, jsonb_build_object(
                            'batches', greatest(t.batches, s.batches),
                            'rows_done', greatest(t.rows_done, s.rows),
                            'last_error', nullif(s.error, '')))
                     ELSE t END AS item,
                CASE WHEN s.outcome = 'done' THEN 'done'
                     WHEN s.outcome = 'dead' OR t.ctid = ANY (dead) THEN 'dead'
                     ELSE 'cancel' END AS final,
                CASE WHEN s.outcome <> 'dead' AND t.expire_deadline <= clock_timestamp()
                     THEN 'expired: not finished before its deadline'
                     ELSE coalesce(s.error, '') END AS reason,
                coalesce(s.sqlstate, '') AS sqlstate, s.took_ms
    ), archived AS (
      INSERT INTO lethe.history
      SELECT (g.item).*, clock_timestamp(), CASE g.final WHEN 'done' THEN 'done' ELSE 'cancelled' END
        FROM gone g WHERE g.final <> 'dead'
    ), buried AS (
      INSERT INTO lethe.dead
      SELECT (g.item).*, clock_timestamp(), g.reason, g.sqlstate FROM gone g WHERE g.final = 'dead'
    ), live AS MATERIALIZED (
      SELECT r.run_id, EXISTS (
               SELECT 1 FROM (SELECT 1 FROM lethe.items i
                               WHERE i.run_id = r.run_id
                                 AND i.id <> ALL (ARRAY (SELECT (o.item).id FROM gone o))
                               ORDER BY i.run_id DESC, i.id DESC LIMIT 1) x) AS more
        FROM (SELECT DISTINCT (g.item).run_id AS run_id FROM gone g) r
    )
    SELECT false, (g.item).id, (g.item).lease_epoch, (g.item).run_id, (g.item).target,
           (g.item).tenant, g.final, greatest(g.took_ms, 250) - (g.item).est_cost, NULL::bigint,
           NOT l.more,
           EXISTS (SELECT 1 FROM lethe.target_slots c
                    WHERE c.target = (g.item).target AND c.failures > 0),
           NULL::text, NULL::bytea, NULL::integer, NULL::integer, NULL::bigint, NULL::boolean
      FROM gone g
      JOIN live l ON l.run_id = (g.item).run_id;
  END IF;
  IF tasks_max > 0 THEN
    RETURN QUERY
    WITH pick AS MATERIALIZED (
      SELECT x.tid
        FROM unnest(lanes) WITH ORDINALITY AS l (name, rank)
       CROSS JOIN LATERAL (
              SELECT i.ctid AS tid, i.vft
                FROM lethe.items i
               WHERE i.lane = l.name
                 AND i.vft >= coalesce((SELECT h.head FROM lethe.lane_heads h WHERE h.lane = l.name
                                      ORDER BY h.head DESC LIMIT 1), 0)
                 AND NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0
                 AND i.kind IN ('plan', 'clean', 'verify', 'vacuum')
                 AND (cardinality(targets) = 0 OR i.target = ANY (targets))
                 AND i.expire_deadline > clock_timestamp()
               ORDER BY i.vft, i.id
               LIMIT CASE WHEN (SELECT w.phase FROM lethe.workers w
                                 WHERE w.id = worker) = 'running' THEN tasks_max ELSE 0 END
                 FOR UPDATE SKIP LOCKED) x
       ORDER BY x.vft + (l.rank - 1) * 60000000
       LIMIT tasks_max)
    UPDATE lethe.items t
       SET is_leased = true, leased_by = worker, leased_at = clock_timestamp(),
           lease_deadline = clock_timestamp()
             + lease_ms * CASE t.kind WHEN 'vacuum' THEN 30 ELSE 1 END * interval '1 millisecond',
           lease_epoch = t.lease_epoch + 1, attempts = t.attempts + 1
     WHERE t.ctid = ANY (ARRAY (SELECT pick.tid FROM pick))
    RETURNING true, t.id, t.lease_epoch, t.run_id, t.target, NULL::text, NULL::text, NULL::bigint,
              NULL::bigint, NULL::boolean, NULL::boolean, t.kind, t.payload, t.attempts, t.max_attempts,
              t.batch_size, t.cancel_requested;
  END IF;
END $$;
