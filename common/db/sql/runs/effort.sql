-- What a run took besides rows and batches.
--
--   $1 text     run
-- Returns  one row: tasks (live and ended), workers (that held one of its ended tasks last)
-- Locks    none
-- Index    items_run, history_run, dead_run
-- Caller   PgRunStore::effort
SELECT count(*) AS tasks, count(DISTINCT t.worker) AS workers
  FROM (SELECT i.leased_by AS worker FROM lethe.items i WHERE i.run_id = $1::text
        UNION ALL SELECT h.leased_by FROM lethe.history h WHERE h.run_id = $1::text
        UNION ALL SELECT d.leased_by FROM lethe.dead d WHERE d.run_id = $1::text) t
