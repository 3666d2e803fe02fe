-- The columns of a table as restored rows need them.
--
--   $1 oid      table
-- Returns  name (exact), quoted, type (whose input function reads the text of a value: a domain stays
--          one, without length or precision), stored_type (with them), generated; by position
-- Locks    none
-- Index    pg_attribute_relid_attnum_index
-- Caller   look_up_home (archive_restore.cpp)
SELECT a.attname::text AS name, quote_ident(a.attname) AS quoted, format_type(a.atttypid, -1) AS type,
       format_type(a.atttypid, a.atttypmod) AS stored_type, a.attgenerated <> '' AS generated
  FROM pg_attribute a
 WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
