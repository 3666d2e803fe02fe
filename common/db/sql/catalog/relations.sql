-- The relations that hold a table's rows: its leaf partitions, or itself.
--
--   $1 oid      table
--   $2 text     DELETE or UPDATE: what is to happen to its rows
-- Returns  oid, name (quoted), kind, blocks (physical size now), rows (by statistics, -1 unknown),
--          may_lock (FOR UPDATE asks for UPDATE on some column), may_read (all columns, and where rows
--          stand), has_triggers (that $2 fires, those
--          of foreign keys included)
-- Locks    none
-- Index    none
-- Caller   look_up_relations (catalog.cpp), foreign_keys (explain_step.cpp)
SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind::text AS kind,
       CASE WHEN c.relkind = 'r'
            THEN pg_relation_size(c.oid) / current_setting('block_size')::bigint
            ELSE 0 END AS blocks,
       c.reltuples::float8 AS rows, has_any_column_privilege(c.oid, 'UPDATE') AS may_lock,
       has_table_privilege(c.oid, 'SELECT') AS may_read,
       EXISTS (SELECT 1 FROM pg_trigger t
                WHERE t.tgrelid = c.oid AND t.tgenabled <> 'D'
                  AND (t.tgtype & CASE $2::text WHEN 'DELETE' THEN 8 ELSE 16 END) <> 0) AS has_triggers
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid IN (SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t WHERE t.isleaf
                 UNION SELECT p.oid FROM pg_class p WHERE p.oid = $1::oid AND p.relkind = 'r')
 ORDER BY c.oid
