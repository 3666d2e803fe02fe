-- The relations in which a run deleted or changed rows, children under cascade too, by their names now.
--
--   $1 text     run
-- Returns  oid, name (quoted), may_vacuum
-- Locks    none
-- Index    ledger_run
-- Caller   next_to_vacuum (vacuum_step.cpp)
WITH cleaned AS (
  SELECT l.relation AS name
    FROM lethe.ledger l
   WHERE l.run = $1::text AND l.method = 'delete' AND l.rows > 0
   UNION
  SELECT k.name
    FROM lethe.ledger l
   CROSS JOIN LATERAL jsonb_object_keys(l.cascaded) AS k (name)
   WHERE l.run = $1::text AND l.cascaded IS NOT NULL
)
SELECT c.oid::bigint AS oid, l.name,
       pg_has_role(c.relowner, 'USAGE')
       OR pg_has_role((SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()), 'USAGE')
       OR CASE WHEN current_setting('server_version_num')::integer >= 170000
               THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END AS may_vacuum
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN cleaned l ON l.name = format('%I.%I', n.nspname, c.relname)
 WHERE c.relkind IN ('r', 'p')
 ORDER BY c.oid
