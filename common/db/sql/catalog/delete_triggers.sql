-- The triggers of a table and its partitions that a DELETE fires; not those that foreign keys made.
--
--   $1 oid      table
-- Returns  name (quoted), relation, timing, function
-- Locks    none
-- Index    none
-- Caller   delete_triggers (explain_step.cpp)
SELECT quote_ident(t.tgname) AS name, format('%I.%I', n.nspname, c.relname) AS relation,
       CASE WHEN (t.tgtype & 2) <> 0 THEN 'before' ELSE 'after' END
         || CASE WHEN (t.tgtype & 1) <> 0 THEN ' each row' ELSE ' each statement' END AS timing,
       t.tgfoid::regprocedure::text AS function
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.tgrelid IN (SELECT $1::oid UNION
                     SELECT p.relid FROM pg_partition_tree($1::oid::regclass) p)
   AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D' AND (t.tgtype & 8) <> 0
 ORDER BY c.oid, t.tgname
