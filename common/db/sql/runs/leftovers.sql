-- Cancelled runs with tasks that were not asked to stop: added while the cancel was on its way.
--
--   $1 integer  most runs, 1..1000
-- Returns  id, target
-- Locks    none
-- Index    runs_live, items_run
-- Caller   PgSchedulerStore::close_runs
SELECT r.id, r.target
  FROM lethe.runs r
 WHERE r.finished_at IS NULL AND r.cancel_requested
   AND EXISTS (SELECT 1 FROM lethe.items i WHERE i.run_id = r.id AND NOT i.cancel_requested)
 ORDER BY r.id
 LIMIT $1::integer
