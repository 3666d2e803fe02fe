-- The columns of a table.
--
--   $1 oid      table
-- Returns  name, quoted, type (of a domain, or one of a domain: its base type), stored_type (with length
--          or precision; of a domain: the domain), folds (different texts may be equal), by position
-- Locks    none
-- Index    none
-- Caller   look_up_table (catalog.cpp)
SELECT a.attname::text AS name, quote_ident(a.attname) AS quoted,
       -- Without a modifier, "character" would be a name for one character.
       format_type(b.oid, -1) AS type, format_type(a.atttypid, a.atttypmod) AS stored_type,
       coalesce(NOT l.collisdeterministic, false) AS folds
  FROM pg_attribute a
 CROSS JOIN LATERAL (
   WITH RECURSIVE base AS (
     SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
     UNION ALL
     SELECT t.oid, t.typtype, t.typbasetype FROM base JOIN pg_type t ON t.oid = base.typbasetype
      WHERE base.typtype = 'd')
   SELECT base.oid FROM base WHERE base.typtype <> 'd') b
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
 WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
