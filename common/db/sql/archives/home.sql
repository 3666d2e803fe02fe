-- The table that restored rows go back to.
--
--   $1 text     schema, exact
--   $2 text     name, exact
-- Returns  oid, name (quoted), key (JSON: the exact names of its primary key's columns; NULL: it has
--          none that a conflict can name); no row when there is no such table
-- Locks    none
-- Index    pg_class_relname_nsp_index
-- Caller   look_up_home (archive_restore.cpp)
SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name,
       (SELECT json_agg(a.attname::text ORDER BY k.n)::text
          FROM pg_index i
         CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
         WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate AND k.n <= i.indnkeyatts) AS key
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1::text AND c.relname = $2::text AND c.relkind IN ('r', 'p')
