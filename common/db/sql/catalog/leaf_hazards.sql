-- What stands in the way of emptying a table partition by partition, each by its own name: the server
-- then asks for rights in each of them, and it fires no statement trigger of what they are a part of.
--
--   $1 oid      table
--   $2 text     DELETE or UPDATE
-- Returns  hazard: one sentence each; no row when there is none
-- Locks    none
-- Index    none
-- Caller   refuse_hazards (catalog.cpp)
WITH tree AS (
  SELECT $1::oid AS oid
  UNION SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t
), relation AS (
  SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.relnamespace, quote_ident(current_user) AS role
    FROM tree JOIN pg_class c ON c.oid = tree.oid
)
SELECT format('the schema of %s is closed to this role; run: GRANT USAGE ON SCHEMA %s TO %s', r.name,
              r.relnamespace::regnamespace, r.role) AS hazard
  FROM relation r
 WHERE r.relkind = 'r' AND NOT has_schema_privilege(r.relnamespace, 'USAGE')
UNION ALL
SELECT format('partition %s may not be read%s by this role; run: GRANT SELECT%s ON %s TO %s', r.name,
              CASE $2::text WHEN 'DELETE' THEN ' or deleted from' ELSE '' END,
              CASE $2::text WHEN 'DELETE' THEN ', DELETE' ELSE '' END, r.name, r.role)
  FROM relation r
 WHERE r.relkind = 'r'
   -- To delete alone, single columns may be enough (unreadable_columns.sql).
   AND NOT ((has_table_privilege(r.oid, 'SELECT')
             OR ($2::text = 'DELETE' AND has_any_column_privilege(r.oid, 'SELECT')))
            AND ($2::text <> 'DELETE' OR has_table_privilege(r.oid, 'DELETE')))
UNION ALL
SELECT format('partition %s has row-level security that hides rows from this role; run, for the '
              'worker''s role: ALTER ROLE %s BYPASSRLS', r.name, r.role)
  FROM relation r
 WHERE r.relkind = 'r' AND row_security_active(r.oid)
UNION ALL
SELECT format('trigger %I on %s runs once for a statement on the whole table and would not see what goes '
              'from its partitions; make it FOR EACH ROW', t.tgname, r.name)
  FROM relation r
  JOIN pg_trigger t ON t.tgrelid = r.oid
 WHERE r.relkind = 'p' AND (t.tgtype & 1) = 0 AND t.tgenabled IN ('O', 'A')
   AND (t.tgtype & CASE $2::text WHEN 'DELETE' THEN 8 ELSE 16 END) <> 0
