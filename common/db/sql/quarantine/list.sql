-- Quarantined partitions, the newest first.
--
--   $1 boolean  also those that were purged or restored
--   $2 bigint   one id, NULL for all
--   $3 bigint   rows at most
-- Returns  id, relation and parent (quoted), bounds, policy, run, task, rows, estimated, bytes,
--          quarantined_at, purge_after, ended_at (ISO 8601, '' for none), ended_by, state (quarantined,
--          due, missing: somebody took it away, purged, restored)
-- Locks    none
-- Index    quarantine_pkey
-- Caller   list_quarantine (quarantine.cpp)
SELECT q.id, format('%I.%I', q.table_schema, q.table_name) AS relation,
       format('%I.%I', q.parent_schema, q.parent_name) AS parent, q.bounds, q.policy, q.run, q.task,
       q.rows, q.estimated, q.bytes,
       to_char(q.quarantined_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS quarantined_at,
       to_char(q.purge_after AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS purge_after,
       coalesce(to_char(coalesce(q.dropped_at, q.restored_at) AT TIME ZONE 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '') AS ended_at, q.ended_by,
       CASE WHEN q.dropped_at IS NOT NULL THEN 'purged'
            WHEN q.restored_at IS NOT NULL THEN 'restored'
            WHEN NOT EXISTS (SELECT 1 FROM pg_class c
                               JOIN pg_namespace n ON n.oid = c.relnamespace
                              WHERE n.nspname = 'lethe_quarantine' AND c.relname = q.name) THEN 'missing'
            WHEN q.purge_after <= clock_timestamp() THEN 'due'
            ELSE 'quarantined' END AS state
  FROM lethe.quarantine q
 WHERE ($1::boolean OR (q.dropped_at IS NULL AND q.restored_at IS NULL))
   AND q.id = coalesce($2::bigint, q.id)
 ORDER BY q.id DESC
 LIMIT $3::bigint
