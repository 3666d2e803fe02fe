-- Tables with copies.
--
--   $1 text     only of this run; '' for all
--   $2 text     only of this table: schema, exact; NULL for all
--   $3 text     its name, exact
-- Returns  archive_schema, archive_table (exact), name (quoted), is_there, has_stamps (columns
--          lethe_run and lethe_at)
-- Locks    none
-- Index    archives_run_archived_at_key
-- Caller   find_archive_problems (archive_rows.cpp)
SELECT t.archive_schema, t.archive_table, format('%I.%I', t.archive_schema, t.archive_table) AS name,
       c.oid IS NOT NULL AS is_there,
       (SELECT count(*) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND NOT a.attisdropped
           AND (a.attname, a.atttypid) IN (('lethe_run', 'text'::regtype),
                                           ('lethe_at', 'timestamptz'::regtype))) = 2 AS has_stamps
  FROM (SELECT DISTINCT a.archive_schema, a.archive_table
          FROM lethe.archives a
         WHERE a.archive_table IS NOT NULL AND a.pruned_at IS NULL
           AND ($1::text = '' OR a.run = $1::text)
           AND ($2::text IS NULL OR (a.table_schema = $2::text AND a.table_name = $3::text))) t
  LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace)
    ON n.nspname = t.archive_schema AND c.relname = t.archive_table
