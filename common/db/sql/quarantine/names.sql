-- The names that a quarantined table's indexes and sequences get back, as far as they are free.
--
--   $1 text     name in lethe_quarantine, exact
--   $2 text     schema to which it returns, quoted
--   $3 text     members (JSON list of names, in their order)
-- Returns  now, before (quoted, without a schema)
-- Locks    none
-- Index    pg_class_relname_nsp_index
-- Caller   restore_quarantined (quarantine.cpp)
SELECT quote_ident($1::text || '_' || m.place) AS now, quote_ident(m.name) AS before
  FROM json_array_elements_text($3::json) WITH ORDINALITY AS m (name, place)
 WHERE to_regclass($2::text || '.' || quote_ident(m.name)) IS NULL
   AND to_regclass('lethe_quarantine.' || quote_ident($1::text || '_' || m.place)) IS NOT NULL
 ORDER BY m.place
