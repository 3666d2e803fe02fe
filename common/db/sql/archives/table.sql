-- Whether copies of a table's rows fit into another table.
--
--   $1 text     schema of the table for the copies, exact
--   $2 text     its name, exact
--   $3 oid      table or partition whose rows are copied
-- Returns  oid, name (quoted), kind (relkind), persistence, system (a catalog, an extension's or our own),
--          related (it is the other table, a part of it or what it is a part of), may_insert, role
--          (quoted, ours), misfit (a column that it lacks or has with another type, and what it
--          should be; or NULL), extra (a column of its own that must have a value; or NULL), has_run
--          and has_at (columns lethe_run and lethe_at), taken (JSON: the quoted columns that a copy
--          fills); no row when there is no such table
-- Locks    none; inside a batch the table is locked already
-- Index    pg_class_relname_nsp_index
-- Caller   look_up_archive_table (archive_columns.cpp)
WITH own AS (
  SELECT a.attname, a.attnum, a.atttypid, a.atttypmod
    FROM pg_attribute a
   WHERE a.attrelid = $3::oid AND a.attnum > 0 AND NOT a.attisdropped
), archive AS (
  SELECT c.oid, c.relkind, c.relpersistence, n.nspname, c.relname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1::text AND c.relname = $2::text
), its AS (
  SELECT a.*
    FROM archive
    JOIN pg_attribute a ON a.attrelid = archive.oid AND a.attnum > 0 AND NOT a.attisdropped
)
SELECT r.oid::bigint AS oid, format('%I.%I', r.nspname, r.relname) AS name, r.relkind::text AS kind,
       r.relpersistence::text AS persistence,
       r.nspname IN ('pg_catalog', 'information_schema', 'pg_toast', 'lethe', 'lethe_quarantine')
         OR EXISTS (SELECT 1 FROM pg_depend d
                     WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid
                       AND d.deptype = 'e') AS system,
       r.oid = $3::oid
         OR EXISTS (SELECT 1 FROM pg_partition_ancestors($3::oid::regclass) AS a (relid)
                     WHERE a.relid = r.oid)
         OR EXISTS (SELECT 1 FROM pg_partition_ancestors(r.oid::regclass) AS a (relid)
                     WHERE a.relid = $3::oid) AS related,
       has_table_privilege(r.oid, 'INSERT') AS may_insert, quote_ident(current_user) AS role,
       (SELECT format('%I %s', own.attname, format_type(own.atttypid, own.atttypmod))
          FROM own
         WHERE NOT EXISTS (SELECT 1 FROM its
                            WHERE its.attname = own.attname AND its.atttypid = own.atttypid
                              AND its.atttypmod IN (own.atttypmod, -1))
         ORDER BY own.attnum LIMIT 1) AS misfit,
       (SELECT format('%I', its.attname)
          FROM its
         WHERE its.attnotnull AND NOT its.atthasdef AND its.attidentity = ''
           AND its.attname NOT IN ('lethe_run', 'lethe_at')
           AND NOT EXISTS (SELECT 1 FROM own WHERE own.attname = its.attname)
         ORDER BY its.attnum LIMIT 1) AS extra,
       EXISTS (SELECT 1 FROM its
                WHERE its.attname = 'lethe_run' AND its.atttypid = 'text'::regtype
                  AND NOT EXISTS (SELECT 1 FROM own WHERE own.attname = 'lethe_run')) AS has_run,
       EXISTS (SELECT 1 FROM its
                WHERE its.attname = 'lethe_at' AND its.atttypid = 'timestamptz'::regtype
                  AND NOT EXISTS (SELECT 1 FROM own WHERE own.attname = 'lethe_at')) AS has_at,
       (SELECT json_agg(quote_ident(own.attname) ORDER BY own.attnum)::text
          FROM own
          JOIN its ON its.attname = own.attname AND its.attgenerated = '') AS taken
  FROM archive r
