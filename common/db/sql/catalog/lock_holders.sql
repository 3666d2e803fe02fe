-- Who has held a lock on a partition, its parent or a table that it refers to (whose triggers a drop
-- takes away) for longer than we would wait for it. Such a
-- transaction will hardly end while we wait, and everybody who comes after us would wait with us.
-- Without pg_read_all_stats the age of other roles' transactions is not shown: then nobody is found.
--
--   $1 oid      partition
--   $2 oid      parent
-- Returns  holder: one sentence of the oldest; no row when there is none
-- Locks    none
-- Index    none
-- Caller   lock_leaf (partition_step.cpp)
SELECT CASE WHEN l.pid IS NULL THEN 'a prepared transaction has a lock on it'
            ELSE format('process %s (%s, %s) has had a lock on it for %s s', l.pid, a.application_name,
                        a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::integer) END
         AS holder
  FROM pg_locks l
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.granted
   AND (l.relation IN ($1::oid, $2::oid)
        OR l.relation IN (SELECT f.confrelid FROM pg_constraint f
                           WHERE f.conrelid = $1::oid AND f.contype = 'f'))
   AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
   AND l.pid IS DISTINCT FROM pg_backend_pid()
   AND (l.pid IS NULL
        OR a.xact_start < clock_timestamp() - current_setting('lock_timeout')::interval)
 ORDER BY a.xact_start NULLS FIRST
 LIMIT 1
