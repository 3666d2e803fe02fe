-- Copies of batches, oldest first.
--
--   $1 text     only of this run; '' for all
--   $2 text     only of this table: schema, exact; NULL for all
--   $3 text     its name, exact
--   $4 bigint   only those after this id; 0 from the beginning
--   $5 integer  at most so many
-- Returns  id, run, task, batch, policy, changed, table_name and archive_table (quoted; the latter ''
--          for a file), relation, directory, file, sha256, bytes, rows, oldest, newest, archived_at,
--          keep_until, restored_at, pruned_at (ISO 8601 or NULL), due (keep_until is over), is_recorded
--          and ledger_rows (what the ledger has of the batch)
-- Locks    none
-- Index    archives_pkey, ledger_task_batch_key
-- Caller   list_archives (archive_rows.cpp)
SELECT a.id, a.run, a.task, a.batch, a.policy, a.new_values IS NOT NULL AS changed,
       format('%I.%I', a.table_schema, a.table_name) AS table_name, a.relation,
       CASE WHEN a.archive_table IS NULL THEN '' ELSE format('%I.%I', a.archive_schema, a.archive_table)
       END AS archive_table,
       coalesce(a.directory, '') AS directory, coalesce(a.file, '') AS file,
       coalesce(a.sha256, '') AS sha256, a.bytes, a.rows, a.oldest, a.newest,
       to_char(a.archived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS archived_at,
       to_char(a.keep_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS keep_until,
       to_char(a.restored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS restored_at,
       to_char(a.pruned_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS pruned_at,
       coalesce(a.keep_until <= clock_timestamp(), false) AS due,
       l.task IS NOT NULL AS is_recorded, coalesce(l.rows, 0) AS ledger_rows
  FROM lethe.archives a
  LEFT JOIN lethe.ledger l ON l.task = a.task AND l.batch = a.batch AND l.run = a.run
 WHERE ($1::text = '' OR a.run = $1::text)
   AND ($2::text IS NULL OR (a.table_schema = $2::text AND a.table_name = $3::text))
   AND a.id > $4::bigint
 ORDER BY a.id
 LIMIT $5::integer
