-- What stands under a name in lethe_quarantine.
--
--   $1 text     name, exact
-- Returns  oid, is_partition: somebody attached it to a table; no row when nothing is there
-- Locks    none; the second time the table is locked already
-- Index    pg_class_relname_nsp_index
-- Caller   find_quarantined (quarantine.cpp)
SELECT c.oid::bigint AS oid, c.relispartition AS is_partition
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'lethe_quarantine' AND c.relname = $1::name AND c.relkind = 'r'
