-- What a role lacks in this database to do what a policy asks: of the table and its partitions, of what
-- foreign keys lead to, and of what Lethe keeps here. Column grants count where columns are enough.
--
--   $1 text     role, exact; NULL: ours
--   $2 text     schema of the policy's table, exact; '': the policy names none
--   $3 text     table, exact
--   $4 text     DELETE or UPDATE: what becomes of its rows
--   $5 text[]   UPDATE: the columns
--   $6 jsonb    tables whose rows go along: array of [schema, table]
--   $7 boolean  partitions go as a whole
--   $8 text[]   the columns that the policy reads
-- Returns  what (a table, schema or function, quoted), lacks (the rights), cure (SQL); no row when
--          nothing is lacking
-- Locks    none
-- Index    none
-- Caller   look_up_rights (rights.cpp)
WITH role AS MATERIALIZED (
  SELECT r.oid, quote_ident(r.rolname) AS name
    FROM pg_roles r WHERE r.rolname = coalesce($1::text, current_user)
), root AS MATERIALIZED (
  SELECT c.oid, c.relowner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $2::text AND c.relname = $3::text
), along AS MATERIALIZED (
  SELECT c.oid
    FROM jsonb_array_elements($6::jsonb) AS j (pair)
    JOIN pg_namespace n ON n.nspname = j.pair ->> 0
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = j.pair ->> 1
), tree AS MATERIALIZED (  -- partitions are cleaned by their own names
  SELECT root.oid, false AS goes_along FROM root
  UNION SELECT t.relid, false FROM root CROSS JOIN LATERAL pg_partition_tree(root.oid) t
  UNION SELECT along.oid, true FROM along
  UNION SELECT t.relid, true FROM along CROSS JOIN LATERAL pg_partition_tree(along.oid) t
), keys AS MATERIALIZED (
  SELECT k.conrelid, k.confdeltype,
         ARRAY (SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, n)
                  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
                 ORDER BY u.n) AS columns
    FROM pg_constraint k JOIN tree ON tree.oid = k.confrelid
   WHERE k.contype = 'f' AND $4::text = 'DELETE'
), wanted AS (  -- columns: those that are enough; NULL: the right on the whole table
  SELECT tree.oid, 'SELECT' AS privilege, NULL::text[] AS columns FROM tree
  UNION SELECT tree.oid, 'DELETE', NULL FROM tree
         WHERE $4::text = 'DELETE'
           AND (NOT tree.goes_along
                OR EXISTS (SELECT 1 FROM keys WHERE keys.conrelid = tree.oid AND keys.confdeltype = 'c')
                OR NOT EXISTS (SELECT 1 FROM keys WHERE keys.conrelid = tree.oid))
  UNION SELECT tree.oid, 'UPDATE', $5::text[] FROM tree
         WHERE $4::text = 'UPDATE' AND NOT tree.goes_along
  UNION SELECT k.conrelid, 'SELECT', k.columns FROM keys k
  UNION SELECT k.conrelid, 'UPDATE', k.columns FROM keys k
         WHERE k.confdeltype IN ('n', 'd') AND k.conrelid IN (SELECT along.oid FROM along)
  UNION SELECT c.oid, u.privilege, NULL
    FROM (VALUES ('fence', 'SELECT,INSERT,UPDATE,DELETE'), ('cutoffs', 'SELECT,INSERT,UPDATE,DELETE'),
                 ('parked', 'SELECT,INSERT,UPDATE,DELETE'), ('ledger', 'SELECT,INSERT'),
                 ('gate', 'SELECT'), ('holds', 'SELECT'),
                 ('quarantine', CASE WHEN $7::boolean THEN 'SELECT,INSERT,UPDATE' ELSE '' END))
           AS l (name, privileges)
    JOIN pg_namespace n ON n.nspname = 'lethe'
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = l.name
   CROSS JOIN LATERAL unnest(string_to_array(l.privileges, ',')) AS u (privilege)
), by_columns AS MATERIALIZED (  -- these and the columns of a unique key are enough to delete alone
  SELECT tree.oid
    FROM tree CROSS JOIN role r
   WHERE $4::text = 'DELETE' AND $6::jsonb = '[]' AND NOT tree.goes_along
     AND NOT EXISTS (SELECT 1 FROM unnest($8::text[]) AS u (name)
                       LEFT JOIN pg_attribute a ON a.attrelid = tree.oid AND a.attname = u.name
                      WHERE NOT coalesce(has_column_privilege(r.oid, tree.oid, a.attnum, 'SELECT'), false))
     AND EXISTS (SELECT 1 FROM pg_index i
                  WHERE i.indrelid = tree.oid AND i.indisunique AND i.indpred IS NULL
                    AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey::smallint[]) AS k (attnum)
                                     WHERE k.attnum = 0
                                        OR NOT has_column_privilege(r.oid, tree.oid, k.attnum, 'SELECT')))
), lacking AS (
  SELECT w.oid, w.privilege
           || CASE WHEN w.columns IS NULL THEN ''
                   ELSE format(' (%s)', (SELECT string_agg(quote_ident(u.name), ', ' ORDER BY u.n)
                                           FROM unnest(w.columns) WITH ORDINALITY AS u (name, n))) END
           AS lacks
    FROM wanted w CROSS JOIN role r
   WHERE (w.columns IS NULL  -- the right on the whole table has them
          OR NOT EXISTS (SELECT 1 FROM wanted o
                          WHERE o.oid = w.oid AND o.privilege = w.privilege AND o.columns IS NULL))
     AND NOT has_table_privilege(r.oid, w.oid, w.privilege)
     AND NOT (w.privilege = 'SELECT' AND w.oid IN (SELECT b.oid FROM by_columns b))
     AND (w.columns IS NULL
          OR EXISTS (SELECT 1 FROM unnest(w.columns) AS u (name)
                      WHERE NOT has_column_privilege(r.oid, w.oid, u.name, w.privilege)))
), schemas AS (
  SELECT DISTINCT n.oid, n.nspname, u.privilege
    FROM (SELECT c.relnamespace AS oid, 'USAGE' AS privilege
            FROM wanted w JOIN pg_class c ON c.oid = w.oid
          UNION SELECT q.oid, p.privilege
                  FROM pg_namespace q CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS p (privilege)
                 WHERE q.nspname = 'lethe_quarantine' AND $7::boolean) u
    JOIN pg_namespace n ON n.oid = u.oid
   CROSS JOIN role r
   WHERE NOT has_schema_privilege(r.oid, n.oid, u.privilege)
)
SELECT format('schema %I', s.nspname) AS what,
       string_agg(s.privilege, ', ' ORDER BY s.privilege DESC) AS lacks,
       format('GRANT %s ON SCHEMA %I TO %s', string_agg(s.privilege, ', ' ORDER BY s.privilege DESC),
              s.nspname, r.name) AS cure
  FROM schemas s CROSS JOIN role r
 GROUP BY s.nspname, r.name
UNION ALL
SELECT format('%I.%I', n.nspname, c.relname), string_agg(l.lacks, ', ' ORDER BY l.lacks),
       format('GRANT %s ON %I.%I TO %s', string_agg(l.lacks, ', ' ORDER BY l.lacks), n.nspname,
              c.relname, r.name)
  FROM lacking l
  JOIN pg_class c ON c.oid = l.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN role r
 GROUP BY n.nspname, c.relname, r.name
UNION ALL
SELECT root.oid::regclass::text, 'the rights of its owner', format('GRANT %I TO %s', o.rolname, r.name)
  FROM root
  JOIN pg_roles o ON o.oid = root.relowner
 CROSS JOIN role r
 WHERE $7::boolean AND NOT pg_has_role(r.oid, o.oid, 'USAGE')
 ORDER BY what
