-- Where a foreign key has no index that leads to the children of a row: the server looks for them in
-- every leaf of the child. One serves when its first columns are those of the key, in any order.
--
--   $1 oid      the key (pg_constraint)
-- Returns  sql: a statement that would make one of the indexes, by leaf; no row when none is missing
-- Locks    none
-- Index    pg_constraint_oid_index, pg_index_indrelid_index
-- Caller   look_up_missing_indexes (foreign_keys.cpp)
WITH key AS (
  SELECT f.conrelid, k.names, k.columns
    FROM pg_constraint f
   CROSS JOIN LATERAL (
          SELECT array_agg(a.attname ORDER BY a.attname) AS names,
                 string_agg(quote_ident(a.attname), ', ' ORDER BY p.place) AS columns
            FROM unnest(f.conkey) WITH ORDINALITY AS p (number, place)
            JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = p.number) k
   WHERE f.oid = $1::oid
)
SELECT format('CREATE INDEX CONCURRENTLY ON %I.%I (%s)', n.nspname, c.relname, k.columns) AS sql
  FROM key k
 CROSS JOIN LATERAL (SELECT t.relid FROM pg_partition_tree(k.conrelid::regclass) t WHERE t.isleaf
                     UNION SELECT k.conrelid) l
  JOIN pg_class c ON c.oid = l.relid AND c.relkind = 'r'
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT EXISTS (
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
                            WHERE p.place <= cardinality(k.names)))
 ORDER BY n.nspname, c.relname
