-- Adds a target, or changes its URL and limits.
--
--   $1 text     name
--   $2 text     libpq connection string without a password
--   $3 integer  max_running, 1..1000 tasks
--   $4 bigint   rows per second, 0: no limit
--   $5 integer  clock_skew_seconds, 1..3600
--   $6 boolean  survives_failover
-- Returns  was_new boolean
-- Locks    the target's row
-- Index    targets_pkey
-- Caller   PgTargetStore::put
WITH target AS (
  INSERT INTO lethe.targets AS t (name, url, max_running, rows_per_second, clock_skew_seconds,
                                   survives_failover)
  VALUES ($1::text, $2::text, $3::integer, nullif($4::bigint, 0), $5::integer, $6::boolean)
      ON CONFLICT (name) DO UPDATE
     SET url = excluded.url, max_running = excluded.max_running,
         rows_per_second = excluded.rows_per_second,
         clock_skew_seconds = excluded.clock_skew_seconds,
         survives_failover = excluded.survives_failover, updated_at = clock_timestamp()
  RETURNING t.xmax = 0 AS was_new
), slots AS (
  INSERT INTO lethe.target_slots (target)
  SELECT $1::text WHERE NOT EXISTS (SELECT 1 FROM lethe.target_slots WHERE target = $1::text)
)
SELECT was_new FROM target
