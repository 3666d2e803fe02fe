-- The columns of a table.
--
--   $1 oid      table
-- Returns  name, quoted, type (of a domain: its base type), stored_type (with length or precision;
--          of a domain: the domain), by position
-- Locks    none
-- Index    none
-- Caller   look_up_table (catalog.cpp)
SELECT a.attname::text AS name, quote_ident(a.attname) AS quoted,
       -- Without a modifier, "character" would be a name for one character.
       format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, -1) AS type,
       format_type(t.oid, a.atttypmod) AS stored_type
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
