-- The tenants' own rules of a run's policy, as the text of arrays of the same length.
--
--   $1 text     run
-- Returns  tenants, months, seconds, keep_min, enabled ('{}' each without overrides), any_keep_min
-- Locks    none
-- Index    runs_pkey
-- Caller   PgTaskQueue::run_context
SELECT coalesce(array_agg(o.key)::text, '{}') AS tenants,
       coalesce(array_agg((o.retain ->> 'months')::integer)::text, '{}') AS months,
       coalesce(array_agg((o.retain ->> 'seconds')::bigint)::text, '{}') AS seconds,
       coalesce(array_agg(o.keep_min)::text, '{}') AS keep_min,
       coalesce(array_agg(o.enabled)::text, '{}') AS enabled,
       coalesce(bool_or(o.keep_min > 0), false) AS any_keep_min
  FROM (SELECT e.key, e.value -> 'retain' AS retain, (e.value ->> 'keep_min')::bigint AS keep_min,
               (e.value ->> 'enabled')::boolean AS enabled
          FROM lethe.runs r
         CROSS JOIN LATERAL jsonb_each(r.spec #> '{tenant,overrides}') e
         WHERE r.id = $1::text
        OFFSET 0) o
