-- A relation that holds rows and the tables that it is a part of.
--
--   $1 oid      relation
-- Returns  schema, name (exact), quoted; itself first
-- Locks    none
-- Index    pg_class_oid_index
-- Caller   find_row (row_verdict.cpp)
SELECT n.nspname::text AS schema, c.relname::text AS name,
       format('%I.%I', n.nspname, c.relname) AS quoted
  FROM (SELECT $1::oid AS oid
        UNION SELECT a.relid::oid FROM pg_partition_ancestors($1::oid::regclass) a) t
  JOIN pg_class c ON c.oid = t.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 ORDER BY c.oid <> $1::oid, quoted
