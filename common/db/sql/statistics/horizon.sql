-- What keeps VACUUM from clearing away dead versions of the queue's rows: the oldest snapshot, here or
-- of a replica, a prepared transaction or a replication slot.
--
-- Returns  xmin_age (transactions since it was taken; 0: none), oldest_seconds (since the oldest
--          transaction of this database with a snapshot began; NULL: this role may not see it)
-- Locks    none
-- Index    none
-- Caller   PgStatisticsStore::read
SELECT greatest(0, max(x.age))::bigint AS xmin_age,
       max(extract(epoch FROM clock_timestamp() - x.began))::float8 AS oldest_seconds
  FROM (SELECT age(a.backend_xmin) AS age, a.xact_start AS began
          FROM pg_stat_activity a
         WHERE (a.datname = current_database() OR a.datname IS NULL) AND a.backend_xmin IS NOT NULL
           AND a.pid <> pg_backend_pid()
         UNION ALL
        SELECT age(p.transaction), p.prepared FROM pg_prepared_xacts p
         WHERE p.database = current_database()
         UNION ALL
        SELECT greatest(age(s.xmin), age(s.catalog_xmin)), NULL FROM pg_replication_slots s) x
