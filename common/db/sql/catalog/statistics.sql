-- Whether the statistics of a relation can be relied on.
--
--   $1 oid      relation
--   $2 text[]   its timestamp columns, exact
-- Returns  analysed (every one of the columns has statistics, which this role may read), changed
--          (rows inserted, updated and deleted since then, as far as counted), pages (size then)
-- Locks    none
-- Index    pg_class_oid_index, pg_statistic_relid_att_inh_index
-- Caller   RelationLook::has_good_statistics
SELECT NOT EXISTS (
         SELECT 1
           FROM unnest($2::text[]) AS w (name)
          WHERE NOT EXISTS (SELECT 1 FROM pg_stats s
                             WHERE s.schemaname = n.nspname AND s.tablename = c.relname
                               AND s.attname = w.name AND NOT s.inherited)) AS analysed,
       coalesce(pg_stat_get_mod_since_analyze(c.oid), 0) AS changed, c.relpages::bigint AS pages
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = $1::oid
