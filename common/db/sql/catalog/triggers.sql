-- The triggers of a table and its partitions that a DELETE or an UPDATE fires; not those that foreign
-- keys made.
--
--   $1 oid      table
--   $2 text     DELETE or UPDATE
--   $3 text[]   columns that the UPDATE sets, exact
-- Returns  name (quoted), relation, timing, function
-- Locks    none
-- Index    none
-- Caller   triggers (explain_step.cpp)
SELECT quote_ident(t.tgname) AS name, format('%I.%I', n.nspname, c.relname) AS relation,
       CASE WHEN (t.tgtype & 2) <> 0 THEN 'before' ELSE 'after' END
         || CASE WHEN (t.tgtype & 1) <> 0 THEN ' each row' ELSE ' each statement' END AS timing,
       t.tgfoid::regprocedure::text AS function
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.tgrelid IN (SELECT $1::oid UNION
                     SELECT p.relid FROM pg_partition_tree($1::oid::regclass) p)
   AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D'
   AND (t.tgtype & CASE $2::text WHEN 'DELETE' THEN 8 ELSE 16 END) <> 0
   AND ($2::text = 'DELETE' OR cardinality(t.tgattr::int2[]) = 0
        OR EXISTS (SELECT 1 FROM pg_attribute a
                    WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr::int2[])
                      AND a.attname = ANY ($3::text[])))
 ORDER BY c.oid, t.tgname
