-- A partition and the table above it.
--
--   $1 oid      partition
-- Returns  name and parent (quoted), table_schema, table_name, parent_schema, parent_name (exact),
--          table_quoted (without its schema), parent_oid, bounds, blocks, bytes (with indexes and
--          TOAST); no row when it is no partition (any more)
-- Locks    none; inside a batch both are locked already, the second time
-- Index    pg_class_oid_index, pg_inherits_relid_seqno_index
-- Caller   look_up_leaf (partition_step.cpp)
SELECT format('%I.%I', n.nspname, c.relname) AS name, n.nspname::text AS table_schema,
       c.relname::text AS table_name, quote_ident(c.relname) AS table_quoted,
       p.oid::bigint AS parent_oid, format('%I.%I', m.nspname, p.relname) AS parent,
       m.nspname::text AS parent_schema, p.relname::text AS parent_name,
       pg_get_expr(c.relpartbound, c.oid) AS bounds,
       pg_relation_size(c.oid) / current_setting('block_size')::bigint AS blocks,
       pg_total_relation_size(c.oid) AS bytes
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_class p ON p.oid = i.inhparent
  JOIN pg_namespace m ON m.oid = p.relnamespace
 WHERE c.oid = $1::oid AND c.relispartition AND c.relkind = 'r'
