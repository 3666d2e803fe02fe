-- Opens a part of a run that is one task, verification or the vacuum after it: the run's state and
-- the task, together.
--
--   $1 text     run
--   $2 text     id of the task, ULID
--   $3 text     kind: verify, vacuum
-- Returns  target, tenant of the new task; no row when the run has ended
-- Locks    the run's row, the new task
-- Index    runs_pkey
-- Caller   advance_run (queue_steps.cpp)
WITH run AS (
  UPDATE lethe.runs SET state = CASE $3::text WHEN 'verify' THEN 'verifying' ELSE 'vacuuming' END
   WHERE id = $1::text AND finished_at IS NULL
  RETURNING id, policy, target, tenant, lane, priority, expire_at, passes, verify_payload
)
INSERT INTO lethe.items (id, source_id, expire_deadline, kind, payload, run_id, policy, target,
                         tenant, lane, priority, vft)
SELECT $2::text, id || '/' || $3::text || '/' || passes, expire_at, $3::text, verify_payload, id,
       policy, target, tenant, lane, priority, lethe.place(clock_timestamp(), priority)
  FROM run
    ON CONFLICT (source_id) WHERE source_id IS NOT NULL DO NOTHING
RETURNING target, tenant
