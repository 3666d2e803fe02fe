-- Adds tasks to a run, unless it has ended or was cancelled. Skips those whose source_id is there
-- already.
--
--   $1 text     run
--   $2 jsonb    array of {id, source_id (NULL: none), kind, payload (bytea text), batch_size (of the
--               first batch; NULL: the strategy's default)}
--   $3 text     not before (timestamptz or interval from now), NULL: at once
-- Affects  the new tasks; all of them wait for admission
-- Locks    the new rows
-- Index    items_src
-- Caller   insert_tasks (queue_steps.cpp)
INSERT INTO lethe.items (id, source_id, expire_deadline, kind, payload, run_id, policy, target, tenant,
                         lane, priority, ready_at, vft, enqueue_at, batch_size)
SELECT n.id, n.source_id, r.expire_at, n.kind, n.payload::bytea, r.id, r.policy, r.target, r.tenant,
       r.lane, r.priority, c.now, lethe.place(c.now, r.priority) + n.place,
       lethe.instant($3::text, c.now), coalesce(n.batch_size, 0)
  FROM lethe.runs r
 CROSS JOIN (SELECT clock_timestamp() AS now OFFSET 0) c
 CROSS JOIN ROWS FROM (jsonb_to_recordset($2::jsonb)
                         AS (id text, source_id text, kind text, payload text,
                             batch_size bigint))
       WITH ORDINALITY AS n (id, source_id, kind, payload, batch_size, place)
 WHERE r.id = $1::text AND r.finished_at IS NULL AND NOT r.cancel_requested
    ON CONFLICT (source_id) WHERE source_id IS NOT NULL DO NOTHING
