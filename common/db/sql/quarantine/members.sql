-- What moves with a table from schema to schema and has a name of its own there: indexes and owned
-- sequences.
--
--   $1 oid      table
-- Returns  name (exact), quoted
-- Locks    none; the table is locked already
-- Index    pg_index_indrelid_index, pg_depend_reference_index
-- Caller   quarantine_leaf (quarantine.cpp)
SELECT c.relname::text AS name, quote_ident(c.relname) AS quoted
  FROM pg_class c
 WHERE c.oid IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = $1::oid
                 UNION ALL
                 SELECT d.objid FROM pg_depend d
                  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::oid
                    AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
   AND c.relkind IN ('i', 'S')
 ORDER BY c.oid
