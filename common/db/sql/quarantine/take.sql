-- A quarantined partition for whoever ends its quarantine.
--
--   $1 bigint   id
-- Returns  name (in lethe_quarantine), table_schema, table_name, parent_schema, parent_name, bounds,
--          members; the quoted relation (before), parent, schema and table; ended; for
--          holds: old_schemas and old_tables (exact names that it and its parent had), parents (oid[],
--          what the tables above it are), tenant_column; no row for no such id
-- Locks    the row, until the end of the transaction
-- Index    quarantine_pkey
-- Caller   take_quarantined (quarantine.cpp)
SELECT q.name, q.bounds, array_to_json(q.members)::text AS members,
       format('%I.%I', q.table_schema, q.table_name) AS relation,
       format('%I.%I', q.parent_schema, q.parent_name) AS parent,
       quote_ident(q.table_schema) AS table_schema, quote_ident(q.table_name) AS table_name,
       q.dropped_at IS NOT NULL OR q.restored_at IS NOT NULL AS ended,
       ARRAY[q.table_schema, q.parent_schema]::text AS old_schemas,
       ARRAY[q.table_name, q.parent_name]::text AS old_tables, q.tenant_column,
       (q.parents || to_regclass(format('%I.%I', q.parent_schema, q.parent_name))::oid)::text AS parents
  FROM lethe.quarantine q
 WHERE q.id = $1::bigint
   FOR UPDATE
