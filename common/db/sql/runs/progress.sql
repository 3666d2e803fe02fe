-- How far a run is, with its row locked so that two settlements cannot both move it on.
--
--   $1 text     run
-- Returns  one row, or none when the run is gone or has ended: state, target, tenant, passes, rows, pass_rows,
--          cancel_requested, late (its time is over), has_live_tasks, cancelled_tasks, dead_reason
--          (of the first dead task, NULL when none), refusal (of a guard, NULL when none)
-- Locks    the run's row
-- Index    runs_pkey, items_run, dead_run, history_run
-- Caller   advance_run (queue_steps.cpp)
SELECT r.state, r.target, r.tenant, r.passes, (SELECT e.rows FROM lethe.run_effort(r.id) e) AS rows, r.pass_rows, r.cancel_requested,
       r.expire_at <= clock_timestamp() AS late,
       EXISTS (SELECT 1 FROM lethe.items i WHERE i.run_id = r.id) AS has_live_tasks,
       (SELECT count(*) FROM lethe.history h
         WHERE h.run_id = r.id AND h.outcome = 'cancelled') AS cancelled_tasks,
       (SELECT d.reason FROM lethe.dead d
         WHERE d.run_id = r.id ORDER BY d.died_at LIMIT 1) AS dead_reason,
       r.refusal
  FROM lethe.runs r
 WHERE r.id = $1::text AND r.finished_at IS NULL
   FOR UPDATE
