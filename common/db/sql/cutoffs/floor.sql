-- The instant before which a row may go whoever's it is: the oldest cutoff of all tenants, in the
-- types of gate/read.sql.
--
--   $1 text     run
--   $2 text     as_of in force (timestamptz)
--   $3 text     cutoff of every tenant without a row (timestamptz)
-- Returns  floor_timestamptz, floor_timestamp, floor_date, floor_us
-- Locks    none
-- Index    cutoffs_pkey
-- Caller   drop_limit (partitions.cpp)
SELECT f.floor::text AS floor_timestamptz, (f.floor AT TIME ZONE 'UTC')::text AS floor_timestamp,
       ((f.floor - interval '1 microsecond') AT TIME ZONE 'UTC')::date::text AS floor_date,
       (extract(epoch FROM date_trunc('second', greatest(f.floor, 'epoch')))::bigint * 1000000
         + extract(microseconds FROM greatest(f.floor, 'epoch'))::bigint % 1000000) AS floor_us
  FROM (SELECT least($3::timestamptz, min(least($2::timestamptz - q.retain, q.not_after))) AS floor
          FROM lethe.cutoffs q
         WHERE q.run = $1::text) f
