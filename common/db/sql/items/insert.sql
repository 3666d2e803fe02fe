-- Adds tasks to a run, unless it has ended or was cancelled. Skips those whose source_id is there
-- already.
--
--   $1 text     run
--   $2 jsonb    array of {id, source_id, kind, payload (bytea text)}
-- Affects  the new tasks; all of them wait for admission
-- Locks    the new rows
-- Index    items_src
-- Caller   PgTaskQueue::settle, PgSchedulerStore::fire, PgRunStore::start
INSERT INTO lethe.items (id, source_id, expire_deadline, kind, payload, run_id, policy, target)
SELECT n.id, n.source_id, r.expire_at, n.kind, n.payload::bytea, r.id, r.policy, r.target
  FROM lethe.runs r
 CROSS JOIN jsonb_to_recordset($2::jsonb)
         AS n (id text, source_id text, kind text, payload text)
 WHERE r.id = $1::text AND r.finished_at IS NULL AND NOT r.cancel_requested
    ON CONFLICT (source_id) WHERE source_id IS NOT NULL DO NOTHING
