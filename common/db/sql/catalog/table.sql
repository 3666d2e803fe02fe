-- What a name stands for.
--
--   $1 text     schema, exact
--   $2 text     table, exact
-- Returns  oid, name (quoted), kind (relkind), temporary, system (a catalog, an extension's or our
--          own), has_children (inheritance), is_partition, rls (row security would hide rows from
--          us), may_delete, may_read, may_read_columns (some at least), role (quoted, ours), server_version; or no row
-- Locks    none
-- Index    none
-- Caller   look_up_table (catalog.cpp)
SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind::text AS kind,
       c.relpersistence = 't' AS temporary,
       n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast', 'lethe', 'lethe_quarantine')
         OR EXISTS (SELECT 1 FROM pg_depend d
                     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                       AND d.deptype = 'e') AS system,
       c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid)
         AS has_children,
       c.relispartition AS is_partition,
       row_security_active(c.oid) AS rls,
       has_table_privilege(c.oid, 'DELETE') AS may_delete,
       has_table_privilege(c.oid, 'SELECT') AS may_read,
       has_any_column_privilege(c.oid, 'SELECT') AS may_read_columns, quote_ident(current_user) AS role,
       current_setting('server_version_num')::integer AS server_version
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1::text AND c.relname = $2::text
