-- Remembers in which database a plan or verification was made whose fence is committed there. What is
-- known of another database stays: the target is frozen then, or will be.
--
--   $1 text     target
--   $2 text     system identifier
--   $3 bigint   timeline
--   $4 bigint   oid of the database
--   $5 text     task
-- Affects  one row, none when another database is known
-- Locks    the target's row here
-- Index    target_databases_pkey
-- Caller   learn (pg_task_queue.cpp)
INSERT INTO lethe.target_databases AS d
            (target, system_identifier, timeline, database_oid, task, task_at)
VALUES ($1::text, $2::text, $3::bigint, $4::bigint, $5::text, clock_timestamp())
    ON CONFLICT (target) DO UPDATE
   SET timeline = excluded.timeline, task = excluded.task, task_at = excluded.task_at
 WHERE d.system_identifier = excluded.system_identifier AND d.database_oid = excluded.database_oid
   AND d.timeline <= excluded.timeline
