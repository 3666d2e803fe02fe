-- The foreign keys that point to a table or its partitions, and what each row that is deleted here
-- means there. The server looks for it in every leaf of the child; an index of a leaf serves when its
-- first columns are those of the key, in any order.
--
--   $1 oid      table
-- Returns  name, child, columns (quoted), action, missing (JSON array of statements that would make
--          the indexes that no leaf of the child should lack), blocks and rows (of the child; rows by
--          statistics, -1 unknown)
-- Locks    none
-- Index    none
-- Caller   foreign_keys (explain_step.cpp)
WITH tree AS (
  SELECT $1::oid AS oid
  UNION SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t
), keys AS (
  SELECT f.oid, f.conname, f.conrelid, f.confdeltype, format('%I.%I', n.nspname, c.relname) AS child,
         k.names, k.columns
    FROM pg_constraint f
    JOIN tree ON tree.oid = f.confrelid
    JOIN pg_class c ON c.oid = f.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
   CROSS JOIN LATERAL (
          SELECT array_agg(a.attname ORDER BY a.attname) AS names,
                 string_agg(quote_ident(a.attname), ', ' ORDER BY p.place) AS columns
            FROM unnest(f.conkey) WITH ORDINALITY AS p (number, place)
            JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = p.number) k
   WHERE f.contype = 'f' AND f.conparentid = 0
), leaf AS (
  SELECT k.oid AS key, c.oid, c.reltuples, format('%I.%I', n.nspname, c.relname) AS name,
         EXISTS (
           SELECT 1
             FROM pg_index i
             JOIN pg_class x ON x.oid = i.indexrelid
             JOIN pg_am m ON m.oid = x.relam
            WHERE i.indrelid = c.oid AND i.indisvalid AND i.indisready
              AND (m.amname = 'btree' OR (m.amname = 'hash' AND cardinality(k.names) = 1))
              AND i.indnkeyatts >= cardinality(k.names)
              AND (i.indpred IS NULL
                   OR pg_get_expr(i.indpred, i.indrelid) = format('(%s IS NOT NULL)', k.columns))
              AND k.names = (SELECT array_agg(a.attname ORDER BY a.attname)
                               FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS p (number, place)
                               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.number
                              WHERE p.place <= cardinality(k.names))) AS indexed
    FROM keys k
   CROSS JOIN LATERAL (SELECT t.relid FROM pg_partition_tree(k.conrelid::regclass) t WHERE t.isleaf
                       UNION SELECT k.conrelid) l
    JOIN pg_class c ON c.oid = l.relid AND c.relkind = 'r'
    JOIN pg_namespace n ON n.oid = c.relnamespace
)
SELECT quote_ident(k.conname) AS name, k.child, k.columns,
       CASE k.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
                          WHEN 'n' THEN 'set null' ELSE 'set default' END AS action,
       s.missing, s.blocks, s.rows
  FROM keys k
 CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(format('CREATE INDEX CONCURRENTLY ON %s (%s)', l.name, k.columns)
                                 ORDER BY l.name) FILTER (WHERE NOT l.indexed), '[]')::text AS missing,
               coalesce(sum(pg_relation_size(l.oid)), 0)::bigint
                 / current_setting('block_size')::bigint AS blocks,
               CASE WHEN min(l.reltuples) < 0 THEN -1 ELSE coalesce(sum(l.reltuples), 0) END::float8
                 AS rows
          FROM leaf l
         WHERE l.key = k.oid) s
 ORDER BY k.child, k.conname
