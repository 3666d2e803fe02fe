-- The foreign keys that point at a table, at one of its partitions or at what it is a partition of.
-- Found by the triggers that enforce them, so one that PostgreSQL does not enforce is not among them.
--
--   $1 oid      table, or one relation that holds rows of it
-- Returns  one row per key, by child and name: oid, name, child (both quoted), child_schema,
--          child_table (exact), child_oid, columns (the child's, quoted,
--          separated by commas), action (confdeltype), from_item (the child as alias c), match (a row c
--          points at a row x), of_itself (the child is the table), child_rows (by statistics),
--          is_temporal (PERIOD), hides_rows (row security
--          of the child), missing_grant (what would let us read the child's key, NULL: may be read),
--          missing_delete_grant (what would let us delete from it)
-- Locks    none
-- Index    pg_trigger_tgrelid_tgname_index, pg_constraint_oid_index
-- Caller   look_up_foreign_keys (foreign_keys.cpp)
WITH RECURSIVE tree AS (
  SELECT $1::oid AS oid
  UNION SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t
), up AS (
  SELECT f.oid, f.conparentid
    FROM tree
    JOIN pg_trigger t ON t.tgrelid = tree.oid AND t.tgisinternal
    JOIN pg_constraint f ON f.oid = t.tgconstraint AND f.contype = 'f' AND f.confrelid = tree.oid
  UNION
  SELECT p.oid, p.conparentid FROM up JOIN pg_constraint p ON p.oid = up.conparentid
), keys AS (
  -- A column that this server's version may not have is read from the row's JSON.
  SELECT f.oid, f.conname, f.conrelid, f.confrelid, f.conkey, f.confkey, f.conpfeqop, f.confdeltype,
         f.conrelid::regclass::text AS child, c.relkind, c.relnamespace, c.relname,
         coalesce((to_jsonb(f) ->> 'conperiod')::boolean, false) AS is_temporal,
         coalesce(pg_partition_root(f.conrelid), f.conrelid)::oid
           = coalesce(pg_partition_root($1::oid), $1::oid)::oid AS of_itself
    FROM up
    JOIN pg_constraint f ON f.oid = up.oid
    JOIN pg_class c ON c.oid = f.conrelid
   WHERE up.conparentid = 0
), pairs AS (
  -- The operator, the types and, where the two columns differ, the collation of the server's own check.
  SELECT k.oid, u.n, quote_ident(ca.attname) AS child_column, ca.attnum AS child_attnum,
         format('OPERATOR(%I.%s)', n.nspname, o.oprname) AS equals,
         CASE WHEN pa.atttypid <> o.oprleft AND lt.typtype <> 'p'
              THEN '::' || format_type(o.oprleft, NULL) ELSE '' END
           || CASE WHEN differ.collations AND fc.collisdeterministic AND pc.collisdeterministic
                   THEN ' COLLATE ' || ca.attcollation::regcollation::text ELSE '' END AS row_as,
         CASE WHEN ca.atttypid <> o.oprright AND rt.typtype <> 'p'
              THEN '::' || format_type(o.oprright, NULL) ELSE '' END
           || CASE WHEN differ.collations AND NOT (fc.collisdeterministic AND pc.collisdeterministic)
                   THEN ' COLLATE ' || pa.attcollation::regcollation::text ELSE '' END AS child_as,
         quote_ident(pa.attname) AS row_column
    FROM keys k
   CROSS JOIN unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS u (fk, pk, op, n)
    JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.fk
    JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.pk
    JOIN pg_operator o ON o.oid = u.op
    JOIN pg_namespace n ON n.oid = o.oprnamespace
    JOIN pg_type lt ON lt.oid = o.oprleft
    JOIN pg_type rt ON rt.oid = o.oprright
    LEFT JOIN pg_collation pc ON pc.oid = pa.attcollation
    LEFT JOIN pg_collation fc ON fc.oid = ca.attcollation
   CROSS JOIN LATERAL (SELECT pc.oid <> fc.oid AS collations) differ
)
SELECT k.oid::bigint AS oid, quote_ident(k.conname) AS name, k.child, k.relname::text AS child_table,
       (SELECT n.nspname::text FROM pg_namespace n WHERE n.oid = k.relnamespace) AS child_schema,
       k.conrelid::bigint AS child_oid, p.columns, k.confdeltype::text AS action,
       CASE WHEN k.relkind = 'p' THEN '' ELSE 'ONLY ' END || k.child || ' AS c' AS from_item,
       -- A row that points at itself does not stand in its own way.
       p.match || CASE WHEN k.of_itself THEN ' AND (' || p.to_itself || ') IS NOT TRUE' ELSE '' END
         AS match,
       k.of_itself, k.is_temporal,
       (SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 FROM pg_class c
         WHERE c.oid IN (SELECT k.conrelid
                         UNION SELECT t.relid FROM pg_partition_tree(k.conrelid) t)
           AND c.relkind = 'r') AS child_rows,
       row_security_active(k.conrelid) AS hides_rows,
       CASE WHEN NOT has_schema_privilege(k.relnamespace, 'USAGE')
            THEN format('GRANT USAGE ON SCHEMA %s TO %I; GRANT SELECT ON %s TO %I',
                        k.relnamespace::regnamespace, current_user, k.child, current_user)
            WHEN NOT has_table_privilege(k.conrelid, 'SELECT') AND NOT p.readable
            THEN format('GRANT SELECT ON %s TO %I', k.child, current_user) END AS missing_grant,
       CASE WHEN NOT (has_schema_privilege(k.relnamespace, 'USAGE')
                      AND has_table_privilege(k.conrelid, 'SELECT')
                      AND has_table_privilege(k.conrelid, 'DELETE'))
            THEN format('GRANT USAGE ON SCHEMA %s TO %I; GRANT SELECT, DELETE ON %s TO %I',
                        k.relnamespace::regnamespace, current_user, k.child, current_user)
             END AS missing_delete_grant
  FROM keys k
 CROSS JOIN LATERAL (
   SELECT string_agg(q.child_column, ', ' ORDER BY q.n) AS columns,
          string_agg(format('x.%s%s %s c.%s%s', q.row_column, q.row_as, q.equals, q.child_column,
                            q.child_as), ' AND ' ORDER BY q.n) AS match,
          string_agg(format('c.%s%s %s c.%s%s', q.row_column, q.row_as, q.equals, q.child_column,
                            q.child_as), ' AND ' ORDER BY q.n) AS to_itself,
          bool_and(has_column_privilege(k.conrelid, q.child_attnum, 'SELECT')) AS readable
     FROM pairs q
    WHERE q.oid = k.oid) p
 ORDER BY k.child, name
