-- What stands in the way of giving columns of a table and its partitions new values.
--
--   $1 oid      table
--   $2 text[]   columns that exist, exact
-- Returns  name, generated, identity (always), not_null, geometric (of a type whose = is not equality),
--          partition_key (of a table or partition, in an expression too), referenced_by (a table whose
--          foreign key refers to it, or NULL), closed (a relation that holds rows in which this role
--          may not update it, or NULL); in the order of $2
-- Locks    none
-- Index    none
-- Caller   check_set_columns (set_columns.cpp)
WITH tree AS (
  SELECT $1::oid AS oid
  UNION SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t
)
SELECT w.name, bool_or(a.attgenerated <> '') AS generated, bool_or(a.attidentity = 'a') AS identity,
       bool_or(a.attnotnull) AS not_null, bool_or(t.typcategory = 'G') AS geometric,
       bool_or(EXISTS (SELECT 1 FROM pg_partitioned_table p
                        WHERE p.partrelid = a.attrelid
                          AND (a.attnum = ANY (p.partattrs)
                               OR EXISTS (SELECT 1 FROM pg_depend d
                                           WHERE d.classid = 'pg_class'::regclass
                                             AND d.objid = a.attrelid AND d.objsubid = a.attnum
                                             AND d.refclassid = 'pg_class'::regclass
                                             AND d.refobjid = a.attrelid AND d.refobjsubid = 0
                                             AND d.deptype = 'i')))) AS partition_key,
       min((SELECT min(f.conrelid::regclass::text) FROM pg_constraint f
             WHERE f.confrelid = a.attrelid AND f.contype = 'f' AND a.attnum = ANY (f.confkey)))
         AS referenced_by,
       min(format('%I.%I', n.nspname, c.relname))
         FILTER (WHERE c.relkind = 'r' AND NOT has_column_privilege(c.oid, a.attnum, 'UPDATE')) AS closed
  FROM unnest($2::text[]) WITH ORDINALITY AS w (name, place)
  JOIN pg_attribute a ON a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
  JOIN tree ON tree.oid = a.attrelid
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
 GROUP BY w.name, w.place
 ORDER BY w.place
