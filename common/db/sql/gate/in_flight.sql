-- Who holds the lock of a gate row that batches share, and who vacuums for a run.
--
--   $1 text     policy, or '*'
-- Returns  pid, name (lethe/RUN/TASK), ms (since its transaction began; -1: this role may not know),
--          vacuums (it changes no row); the oldest first
-- Locks    none
-- Index    gate_pkey
-- Caller   look_at_work (gate.cpp)
SELECT a.pid, a.application_name AS name, w.vacuums,
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, -1)::bigint AS ms
  FROM (SELECT l.pid, false AS vacuums
          FROM pg_locks l
          JOIN lethe.gate g ON g.policy = $1::text AND l.objid = g.key::oid
         WHERE l.locktype = 'advisory' AND l.classid = 1279607909 AND l.objsubid = 2 AND l.granted
           AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        UNION
        SELECT p.pid, true FROM pg_stat_progress_vacuum p WHERE p.datname = current_database()
        UNION
        SELECT p.pid, true FROM pg_stat_progress_analyze p WHERE p.datname = current_database()) w
  JOIN pg_stat_activity a ON a.pid = w.pid
 WHERE a.pid <> pg_backend_pid() AND (NOT w.vacuums OR a.application_name LIKE 'lethe/%/%')
 ORDER BY a.xact_start NULLS LAST, a.pid
