-- Sends a run back to planning, because verification found rows: the next pass.
--
--   $1 text     run
--   $2 text     id of the plan task, ULID
--   $3 bigint   milliseconds to wait, so that locks can go away
-- Returns  target, tenant of the new task; no row when the run has ended
-- Locks    the run's row, the new task
-- Index    runs_pkey
-- Caller   advance_run (queue_steps.cpp)
WITH run AS (
  UPDATE lethe.runs SET state = 'planned', passes = passes + 1
   WHERE id = $1::text AND finished_at IS NULL
  RETURNING id, policy, target, tenant, lane, priority, expire_at, passes
)
INSERT INTO lethe.items (id, source_id, expire_deadline, enqueue_at, kind, payload, run_id, policy,
                         target, tenant, lane, priority, vft)
SELECT $2::text, id || '/plan/' || passes, expire_at,
       CASE WHEN $3::bigint > 0
            THEN clock_timestamp() + $3::bigint * interval '1 millisecond' END,
       'plan', '', id, policy, target, tenant, lane, priority,
       lethe.place(clock_timestamp(), priority)
  FROM run
    ON CONFLICT (source_id) WHERE source_id IS NOT NULL DO NOTHING
RETURNING target, tenant
