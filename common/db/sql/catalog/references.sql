-- The foreign keys that point to a table or its partitions, and what each row that is deleted here
-- means there. An index of the child serves when its first columns are those of the key, in any
-- order.
--
--   $1 oid      table
-- Returns  name, child, columns (quoted), action, indexed, create_index (a statement to paste),
--          blocks and rows (of the child; rows by statistics, -1 unknown)
-- Locks    none
-- Index    none
-- Caller   foreign_keys (explain_step.cpp)
WITH tree AS (
  SELECT $1::oid AS oid
  UNION SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t
), keys AS (
  SELECT f.conname, f.conrelid, f.conkey, f.confdeltype, c.relkind,
         format('%I.%I', n.nspname, c.relname) AS child,
         (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
            FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number) AS columns
    FROM pg_constraint f
    JOIN tree ON tree.oid = f.confrelid
    JOIN pg_class c ON c.oid = f.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE f.contype = 'f' AND f.conparentid = 0
)
SELECT quote_ident(k.conname) AS name, k.child, k.columns,
       CASE k.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
                          WHEN 'n' THEN 'set null' ELSE 'set default' END AS action,
       EXISTS (
         SELECT 1
           FROM pg_index i
           JOIN pg_class x ON x.oid = i.indexrelid
           JOIN pg_am m ON m.oid = x.relam
          WHERE i.indrelid = k.conrelid AND i.indisvalid AND m.amname = 'btree'
            AND (i.indpred IS NULL
                 OR pg_get_expr(i.indpred, i.indrelid) = format('(%s IS NOT NULL)', k.columns))
            AND (SELECT array_agg(p.number ORDER BY p.number)
                   FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS p (number, place)
                  WHERE p.place <= cardinality(k.conkey))
              = (SELECT array_agg(p.number ORDER BY p.number) FROM unnest(k.conkey) AS p (number)))
         AS indexed,
       format('CREATE INDEX %sON %s (%s)', CASE k.relkind WHEN 'p' THEN '' ELSE 'CONCURRENTLY ' END,
              k.child, k.columns) AS create_index,
       s.blocks, s.rows
  FROM keys k
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(pg_relation_size(c.oid)), 0)::bigint
                 / current_setting('block_size')::bigint AS blocks,
               CASE WHEN min(c.reltuples) < 0 THEN -1 ELSE coalesce(sum(c.reltuples), 0) END::float8
                 AS rows
          FROM pg_class c
         WHERE c.oid IN (SELECT t.relid FROM pg_partition_tree(k.conrelid::regclass) t WHERE t.isleaf
                         UNION SELECT k.conrelid WHERE k.relkind = 'r')) s
 ORDER BY k.child, k.conname
