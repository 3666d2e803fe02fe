-- Runs, the newest first.
--
--   $1 text     one id, or NULL for all
--   $2 text     policy, or NULL
--   $3 text     target, or NULL
--   $4 boolean  only those that have not ended
--   $5 integer  most rows, 1..10000
--   $6 boolean  with the spec, which may be megabytes of tenants; else its text is ''
-- Returns  id, policy, target, state, strategy, cutoff, scheduled_for, started_at, finished_at, rows,
--          batches, passes, error, created_at, requested_by, estimated_rows, live_tasks,
--          elapsed_ms, spec, spec_sha256, vacuum, has_space, and the members of space with _bytes; instants
--          ISO 8601
-- Locks    none
-- Index    runs_pkey backwards, runs_live, runs_of_policy, items_run
-- Caller   PgRunStore::list, PgRunStore::find, PgRunStore::glance
SELECT r.id, r.policy, r.target, r.state, r.strategy, lethe.iso(r.cutoff) AS cutoff,
       lethe.iso(r.scheduled_for) AS scheduled_for, lethe.iso(coalesce(r.started_at, l.started_at)) AS started_at,
       lethe.iso(r.finished_at) AS finished_at, coalesce(l.rows, r.rows) AS rows,
       coalesce(l.batches, r.batches) AS batches, r.passes, r.error,
       lethe.iso(r.created_at) AS created_at, r.requested_by, r.estimated_rows,
       (SELECT count(*) FROM lethe.items i WHERE i.run_id = r.id) AS live_tasks,
       (extract(epoch FROM coalesce(r.finished_at, clock_timestamp())
                           - coalesce(r.started_at, l.started_at, r.created_at)) * 1000)::bigint AS elapsed_ms,
       CASE WHEN $6::boolean THEN r.spec::text ELSE '' END AS spec, r.spec_sha256, r.vacuum,
       r.space IS NOT NULL AS has_space,
       s."table" AS table_bytes, s.index AS index_bytes, s.dead AS dead_bytes,
       s.reusable AS reusable_bytes, s.returnable AS returnable_bytes,
       s.returned AS returned_bytes, s.quarantined AS quarantined_bytes
  FROM lethe.runs r
  LEFT JOIN LATERAL lethe.run_effort(r.id) l ON r.finished_at IS NULL
 CROSS JOIN LATERAL jsonb_to_record(coalesce(r.space, '{}'))
         AS s ("table" bigint, index bigint, dead bigint, reusable bigint, returnable bigint,
               returned bigint, quarantined bigint)
 WHERE ($1::text IS NULL OR r.id = $1::text)
   AND ($2::text IS NULL OR r.policy = $2::text)
   AND ($3::text IS NULL OR r.target = $3::text)
   AND (NOT $4::boolean OR r.finished_at IS NULL)
 ORDER BY r.id DESC
 LIMIT $5::integer
