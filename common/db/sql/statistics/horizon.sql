-- What keeps VACUUM from clearing away dead versions of the queue's rows: the oldest snapshot or
-- transaction, here or of a replica, a prepared transaction or a replication slot. A VACUUM shows a
-- snapshot and holds nothing up. What a slot keeps of the catalog alone (catalog_xmin) is no matter
-- for the queue.
--
-- Returns  xmin_age (transactions since the oldest began; 0: none), oldest_seconds (since the oldest
--          transaction of this database that holds up began; NULL: there is none, or this role may not
--          see when one of them began. Replicas and slots do not tell it and do not count)
-- Locks    none
-- Index    none
-- Caller   PgStatisticsStore::read
SELECT greatest(0, max(x.age))::bigint AS xmin_age,
       CASE WHEN bool_and(x.began IS NOT NULL) FILTER (WHERE x.is_timed)
            THEN extract(epoch FROM clock_timestamp() - min(x.began) FILTER (WHERE x.is_timed))
       END::float8 AS oldest_seconds
  FROM (SELECT greatest(age(a.backend_xmin), age(a.backend_xid)) AS age, a.xact_start AS began,
               NOT EXISTS (SELECT 1 FROM pg_stat_replication r WHERE r.pid = a.pid) AS is_timed
          FROM pg_stat_activity a
         WHERE (a.datname = current_database() OR a.datname IS NULL)
           AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
           AND a.pid <> pg_backend_pid()
           AND NOT EXISTS (SELECT 1 FROM pg_stat_progress_vacuum v
                            WHERE v.pid IN (a.pid, a.leader_pid))
         UNION ALL
        SELECT age(p.transaction), p.prepared, true FROM pg_prepared_xacts p
         WHERE p.database = current_database()
         UNION ALL
        SELECT age(s.xmin), NULL, false FROM pg_replication_slots s WHERE s.xmin IS NOT NULL) x
