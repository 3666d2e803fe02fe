-- The columns of a table.
--
--   $1 oid      table
-- Returns  name, quoted, type (of a domain: its base type), by position
-- Locks    none
-- Index    none
-- Caller   look_up_table (catalog.cpp)
SELECT a.attname::text AS name, quote_ident(a.attname) AS quoted,
       format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, NULL) AS type
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
