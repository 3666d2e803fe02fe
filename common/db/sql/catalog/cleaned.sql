-- The relations in which a run deleted or changed rows, children under cascade too, by their names
-- now; of a partitioned child each leaf.
--
--   $1 text     run
-- Returns  oid, name (quoted), may_vacuum; by oid
-- Locks    none
-- Index    ledger_run
-- Caller   look_for_vacuum (vacuum_step.cpp)
WITH cleaned AS (
  SELECT l.relation AS name
    FROM lethe.ledger l
   WHERE l.run = $1::text AND l.method = 'delete' AND l.rows > 0
   UNION
  SELECT k.name
    FROM lethe.ledger l
   CROSS JOIN LATERAL jsonb_object_keys(l.cascaded) AS k (name)
   WHERE l.run = $1::text AND l.cascaded IS NOT NULL
), relation AS (
  SELECT c.oid
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN cleaned l ON l.name = format('%I.%I', n.nspname, c.relname)
)
SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name,
       pg_has_role(c.relowner, 'USAGE')
       OR pg_has_role((SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()), 'USAGE')
       OR CASE WHEN current_setting('server_version_num')::integer >= 170000
               THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END AS may_vacuum
  FROM (SELECT r.oid FROM relation r
         UNION SELECT t.relid FROM relation r CROSS JOIN LATERAL pg_partition_tree(r.oid) t) AS part
  JOIN pg_class c ON c.oid = part.oid AND c.relkind = 'r'
  JOIN pg_namespace n ON n.oid = c.relnamespace
 ORDER BY c.oid
