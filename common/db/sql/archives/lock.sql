-- Keeps others from restoring or pruning the copies of a batch at the same time.
--
--   $1 bigint   id
-- Returns  table_schema, table_name, archive_schema, archive_table (exact; NULL for a file),
--          archived_at (timestamptz), relations (oid[]), new_values (JSON or NULL), due (keep_until is
--          over), is_pruned, is_restored; no row when there is no such batch
-- Locks    the row
-- Index    archives_pkey
-- Caller   lock_archive (archive_rows.cpp)
SELECT a.table_schema, a.table_name, a.archive_schema, a.archive_table,
       a.archived_at::text AS archived_at, a.relations::text AS relations,
       a.new_values::text AS new_values,
       coalesce(a.keep_until <= clock_timestamp(), false) AS due, a.pruned_at IS NOT NULL AS is_pruned,
       a.restored_at IS NOT NULL AS is_restored
  FROM lethe.archives a
 WHERE a.id = $1::bigint
   FOR UPDATE
