-- What catalog and statistics know of the bytes of a table's relations, as relations.sql has them.
-- Versions of rows are counted by the statistics collector, which hears of a batch with delay: the
-- ledger knows what this run has done since the last vacuum. Their width is ANALYZE's. A page has 24
-- bytes of its own, a version 28 and its columns.
--
--   $1 oid      table
--   $2 text     run
-- Returns  name (quoted), blocks, block_size, table_bytes, index_bytes, dead_bytes, reusable_bytes (both NULL without
--          statistics of all columns), may_read, truncates (VACUUM may give the end of it back), inserted (rows,
--          ever)
-- Locks    none
-- Index    ledger_run
-- Caller   look_at_space (space_step.cpp)
WITH relation AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, format('%I.%I', n.nspname, c.relname) AS name, c.reltuples,
         c.reloptions, coalesce(pg_relation_size(c.oid), 0) AS heap_bytes,
         current_setting('block_size')::bigint AS block_size,
         pg_stat_get_live_tuples(c.oid) + pg_stat_get_dead_tuples(c.oid) AS counted,
         pg_stat_get_dead_tuples(c.oid) AS counted_dead,
         coalesce(pg_stat_get_tuples_inserted(c.oid), 0) AS inserted,
         greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)) AS vacuumed_at
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r'
     AND c.oid IN (SELECT t.relid FROM pg_partition_tree($1::oid::regclass) t WHERE t.isleaf
                   UNION SELECT $1::oid)
), ended AS (
  SELECT l.relation, sum(l.rows) AS rows
    FROM lethe.ledger l
    JOIN relation r ON r.name = l.relation
   WHERE l.run = $2::text AND l.method = 'delete' AND l.at > coalesce(r.vacuumed_at, '-infinity')
   GROUP BY l.relation
), width AS (
  SELECT r.oid, CASE WHEN count(s.attname) = count(*)
                     THEN 28 + sum((1 - s.null_frac) * s.avg_width) END AS bytes
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_stats s ON s.schemaname = r.nspname AND s.tablename = r.relname
                        AND s.attname = a.attname AND NOT s.inherited
   GROUP BY r.oid
), version AS (
  SELECT r.*, w.bytes AS width,
         greatest(CASE WHEN r.counted > 0 THEN r.counted ELSE r.reltuples END, e.rows, 0)::float8 AS versions,
         greatest(r.counted_dead, e.rows, 0)::float8 AS dead
    FROM relation r
    LEFT JOIN ended e ON e.relation = r.name
    LEFT JOIN width w ON w.oid = r.oid
)
SELECT v.name, v.heap_bytes / v.block_size AS blocks, v.block_size, coalesce(pg_table_size(v.oid), 0) AS table_bytes,
       coalesce(pg_indexes_size(v.oid), 0) AS index_bytes,
       CASE WHEN v.heap_bytes = 0 OR v.dead = 0 THEN 0
            WHEN v.width IS NOT NULL
            THEN least(v.heap_bytes, v.dead * v.width)::bigint END AS dead_bytes,
       CASE WHEN v.heap_bytes = 0 THEN 0
            WHEN v.width IS NOT NULL
            THEN greatest(0, v.heap_bytes - v.heap_bytes / v.block_size * 24
                             - v.versions * v.width)::bigint END AS reusable_bytes,
       has_table_privilege(v.oid, 'SELECT') AS may_read, v.inserted,
       coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(v.reloptions) o
                  WHERE o.option_name = 'vacuum_truncate'),
                current_setting('vacuum_truncate', true)::boolean, true) AS truncates
  FROM version v
 ORDER BY v.oid
