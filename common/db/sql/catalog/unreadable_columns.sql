-- Those of some columns that this role may not read, of the table or the first of its partitions in
-- which there are any.
--
--   $1 oid      table
--   $2 text[]   columns that exist, exact
-- Returns  relation (quoted), columns (quoted, all of them: what is granted and what is missing, for a
--          GRANT); no row when all can be read everywhere
-- Locks    none
-- Index    none
-- Caller   require_readable (catalog.cpp)
SELECT format('%I.%I', n.nspname, c.relname) AS relation,
       (SELECT string_agg(DISTINCT quote_ident(u.name), ', ') FROM unnest($2::text[]) AS u (name))
         AS columns
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE (c.oid = $1::oid
        OR c.oid IN (SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t))
   AND EXISTS (SELECT 1 FROM unnest($2::text[]) AS u (name)
                WHERE NOT has_column_privilege(c.oid, u.name, 'SELECT'))
 ORDER BY c.oid <> $1::oid, c.oid
 LIMIT 1
