-- The queued run of a policy that is next, when none of it is under way.
--
--   $1 text     run that has just ended
-- Returns  id, target; or no row
-- Locks    none
-- Index    runs_pkey, runs_of_policy
-- Caller   advance_run (queue_steps.cpp)
SELECT q.id, q.target
  FROM lethe.runs e
  JOIN lethe.runs q ON q.policy = e.policy AND q.finished_at IS NULL
 WHERE e.id = $1::text
 ORDER BY q.id
 LIMIT 1
