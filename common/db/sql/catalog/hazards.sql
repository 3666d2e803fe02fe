-- What would make a DELETE, UPDATE or INSERT on a table or its partitions do more, less or something else than
-- it says, or fail whatever the row: rules, code that somebody else than us, a superuser or a trusted
-- role controls, a session that minds no triggers, publications that could not say which row went.
-- Foreign keys are foreign_keys.sql's business. The server's own triggers need no exception:
-- superusers own their code.
--
--   $1 oid      table
--   $2 text     DELETE, UPDATE or INSERT
--   $3 text[]   roles whose code may run with our rights, exact
-- Returns  hazard: one sentence each; no row when there is none
-- Locks    none
-- Index    none
-- Caller   refuse_hazards (catalog.cpp), look_up_archive_table (archive_columns.cpp), Planner::check (cascade.cpp)
WITH tree AS (
  SELECT $1::oid AS oid
  UNION SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t
), code AS (  -- whatever the statement runs: where it is, and what pg_depend calls it
  -- Partitions have their own copy of a row trigger, but not of what its WHEN depends on.
  SELECT format('trigger %I on %s', t.tgname, t.tgrelid::regclass) AS place,
         'pg_trigger'::regclass AS class, t.oid, 0 AS part
    FROM pg_trigger t
   WHERE t.tgenabled IN ('O', 'A')
     AND (t.tgtype & CASE $2::text WHEN 'DELETE' THEN 8 WHEN 'UPDATE' THEN 16 ELSE 4 END) <> 0
     AND (t.tgrelid IN (SELECT tree.oid FROM tree)
          OR ((t.tgtype & 1) <> 0
              AND t.tgrelid IN (SELECT a.relid FROM pg_partition_ancestors($1::oid::regclass) AS a (relid))))
  UNION ALL
  SELECT format('index %s', i.indexrelid::regclass), 'pg_class'::regclass, i.indexrelid, 0
    FROM pg_index i JOIN tree ON tree.oid = i.indrelid
   WHERE $2::text <> 'DELETE' AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
  UNION ALL
  -- Up to PostgreSQL 14 the column itself depends on what is in its expression.
  SELECT format('generated column %I of %s', a.attname, a.attrelid::regclass), e.class, e.oid, e.part
    FROM pg_attribute a JOIN tree ON tree.oid = a.attrelid
    JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   CROSS JOIN LATERAL (VALUES ('pg_attrdef'::regclass, d.oid, 0),
                              ('pg_class'::regclass, a.attrelid, a.attnum::integer)) AS e (class, oid, part)
   WHERE $2::text = 'UPDATE' AND a.attgenerated <> '' OR $2::text = 'INSERT'
  UNION ALL
  SELECT format('constraint %I of %s', c.conname, tree.oid::regclass), 'pg_constraint'::regclass, c.oid, 0
    FROM tree
    JOIN pg_constraint c ON c.contype = 'c'
     AND (c.conrelid = tree.oid
          OR c.contypid IN (SELECT a.atttypid FROM pg_attribute a
                             WHERE a.attrelid = tree.oid AND a.attnum > 0 AND NOT a.attisdropped))
   WHERE $2::text <> 'DELETE'
), called AS (
  SELECT c.place, d.refobjid AS oid
    FROM code c
    JOIN pg_depend d ON d.classid = c.class AND d.objid = c.oid AND d.objsubid = c.part
     AND d.refclassid = 'pg_proc'::regclass
  UNION
  SELECT c.place, o.oprcode::oid
    FROM code c
    JOIN pg_depend d ON d.classid = c.class AND d.objid = c.oid AND d.objsubid = c.part
     AND d.refclassid = 'pg_operator'::regclass
    JOIN pg_operator o ON o.oid = d.refobjid
), nameless AS MATERIALIZED (
  -- Without a replica identity: an index that every row is in, unlike a deferrable one.
  SELECT c.oid
    FROM tree
    JOIN pg_class c ON c.oid = tree.oid
   WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relreplident <> 'f'
     AND NOT EXISTS (SELECT 1 FROM pg_index i
                      WHERE i.indrelid = c.oid AND i.indisvalid AND i.indisunique AND i.indimmediate
                        AND CASE c.relreplident WHEN 'd' THEN i.indisprimary
                                                WHEN 'i' THEN i.indisreplident ELSE false END)
), published AS MATERIALIZED (
  -- The view looks at every table of the database: only when it matters.
  SELECT t.schemaname, t.tablename, t.pubname
    FROM pg_publication_tables t
    JOIN pg_publication p ON p.pubname = t.pubname
   WHERE EXISTS (SELECT 1 FROM nameless)
     AND CASE $2::text WHEN 'DELETE' THEN p.pubdelete WHEN 'UPDATE' THEN p.pubupdate ELSE false END
)
SELECT format('rule %I on %s rewrites %s; drop the rule or clean this table by hand',
              r.rulename, r.ev_class::regclass, $2::text) AS hazard
  FROM pg_rewrite r JOIN tree ON tree.oid = r.ev_class
 WHERE r.ev_type = CASE $2::text WHEN 'DELETE' THEN '4' WHEN 'UPDATE' THEN '2' ELSE '3' END AND r.ev_enabled <> 'D'
UNION ALL
SELECT format('session_replication_role is replica for this role, so that neither triggers nor foreign '
              'keys would be minded; run: ALTER ROLE %s RESET session_replication_role',
              quote_ident(current_user))
 WHERE current_setting('session_replication_role') = 'replica'
UNION ALL
SELECT format('%s would run the code of role %I with the worker''s rights; let the worker''s role or a '
              'superuser own the function %s, or list %I under trusted_owners',
              c.place, o.rolname, p.oid::regprocedure, o.rolname)
  FROM called c
  JOIN pg_proc p ON p.oid = c.oid
  JOIN pg_roles o ON o.oid = p.proowner
 WHERE NOT o.rolsuper AND o.rolname <> current_user AND o.rolname <> ALL ($3::text[])
UNION ALL
SELECT format('publication %I publishes every %s, and %s has no replica identity, without which the '
              'server refuses them; run: ALTER TABLE %s REPLICA IDENTITY FULL, or give it a primary key',
              u.pubname, $2::text, b.oid::regclass, b.oid::regclass)
  FROM nameless b
 CROSS JOIN LATERAL (SELECT b.oid
                     UNION SELECT a.relid FROM pg_partition_ancestors(b.oid::regclass) AS a (relid)) level
  JOIN pg_class l ON l.oid = level.oid
  JOIN pg_namespace n ON n.oid = l.relnamespace
  JOIN published u ON u.schemaname = n.nspname AND u.tablename = l.relname
