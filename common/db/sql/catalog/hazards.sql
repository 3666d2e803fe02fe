-- What would make a DELETE or UPDATE on a table or its partitions do more, less or something else than
-- it says. Rules; triggers whose code somebody else than us or a superuser controls; foreign keys that
-- would delete or change rows of other tables (an UPDATE leaves alone what they refer to).
--
--   $1 oid      table
--   $2 text     DELETE or UPDATE
-- Returns  hazard: one sentence each; no row when there is none
-- Locks    none
-- Index    none
-- Caller   refuse_hazards (catalog.cpp)
WITH tree AS (
  SELECT $1::oid AS oid
  UNION SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t
)
SELECT format('rule %I on %s rewrites %s; drop the rule or clean this table by hand',
              r.rulename, r.ev_class::regclass, $2::text) AS hazard
  FROM pg_rewrite r JOIN tree ON tree.oid = r.ev_class
 WHERE r.ev_type = CASE $2::text WHEN 'DELETE' THEN '4' ELSE '2' END AND r.ev_enabled <> 'D'
UNION ALL
SELECT format('trigger %I on %s would run the code of role %I with the worker''s rights; let the '
              'worker''s role or a superuser own the function %s', t.tgname, t.tgrelid::regclass,
              o.rolname, p.oid::regprocedure)
  FROM pg_trigger t
  JOIN tree ON tree.oid = t.tgrelid
  JOIN pg_proc p ON p.oid = t.tgfoid
  JOIN pg_roles o ON o.oid = p.proowner
 WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
   AND (t.tgtype & CASE $2::text WHEN 'DELETE' THEN 8 ELSE 16 END) <> 0
   AND NOT o.rolsuper AND o.rolname <> current_user
UNION ALL
SELECT format('foreign key %I of %s would %s rows there when rows here are deleted; change it to ON '
              'DELETE NO ACTION or RESTRICT', f.conname, f.conrelid::regclass,
              CASE f.confdeltype WHEN 'c' THEN 'delete' ELSE 'change' END)
  FROM pg_constraint f
  JOIN tree ON tree.oid = f.confrelid
 WHERE $2::text = 'DELETE' AND f.contype = 'f' AND f.confdeltype IN ('c', 'n', 'd')
   AND f.conparentid = 0
