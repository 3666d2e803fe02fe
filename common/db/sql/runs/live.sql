-- Runs that have not ended and have no live task, for the scheduler to move on; queued ones only
-- when their turn has come or their time is over.
--
--   $1 integer  most runs, 1..1000
-- Returns  id, target; the oldest first
-- Locks    none
-- Index    runs_live, items_run, runs_of_policy
-- Caller   PgSchedulerStore::close_runs
SELECT r.id, r.target
  FROM lethe.runs r
 WHERE r.finished_at IS NULL
   -- The newest first: the older ones may all be gone, but not removed from the index yet.
   AND NOT EXISTS (SELECT 1 FROM (SELECT 1 FROM lethe.items i WHERE i.run_id = r.id
                                   ORDER BY i.run_id DESC, i.id DESC LIMIT 1) x)
   AND (r.state <> 'queued' OR r.cancel_requested OR r.expire_at <= clock_timestamp()
        OR NOT EXISTS (SELECT 1 FROM lethe.runs o
                        WHERE o.finished_at IS NULL AND o.policy = r.policy AND o.id < r.id))
 ORDER BY r.id
 LIMIT $1::integer
