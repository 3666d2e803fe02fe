-- Values of a timestamp column between which about equally many of its expired rows lie, by its
-- statistics: the most common values, and the histogram, each of whose bins holds equally many rows,
-- taken to lie evenly in it. Only a proposal: the ranges made of it are complete whatever it says.
-- pg_stats shows what this role may read; of a column that was never analysed there is no row.
--
--   $1 oid      relation
--   $2 text     timestamp column, exact
--   $3 text     its type: date, timestamp without time zone or timestamp with time zone; of a number
--               or a UUID the unit: s, ms, us or uuidv7
--   $4 text     cutoff, of that type: nothing at or after it is expired
--   $5 text     the oldest value that is there now, of that type, '' for unknown: statistics that
--               are older than the last run still tell of rows that it deleted
--   $6 bigint   parts that are wanted, 2..1000
-- Returns  split (text of the column's type), ascending, none twice, at most $6
-- Locks    none
-- Index    pg_class_relname_nsp_index, pg_statistic_relid_att_inh_index
-- Caller   RelationLook::key
WITH statistics AS (
  SELECT s.null_frac::float8 AS nulls, s.most_common_vals::text::text[] AS common,
         s.most_common_freqs::float8[] AS shares, s.histogram_bounds::text::text[] AS bounds
    FROM pg_stats s
   WHERE s.schemaname = (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE c.oid = $1::oid)
     AND s.tablename = (SELECT c.relname FROM pg_class c WHERE c.oid = $1::oid)
     AND s.attname = $2::name AND NOT s.inherited
), seen AS (
  SELECT 'common' AS kind, v.place, v.value, v.share
    FROM statistics s
   CROSS JOIN unnest(s.common, s.shares) WITH ORDINALITY AS v (value, share, place)
   UNION ALL
  SELECT 'bound', b.place, b.value, NULL
    FROM statistics s
   CROSS JOIN unnest(s.bounds) WITH ORDINALITY AS b (value, place)
   UNION ALL
  SELECT 'oldest', 0, nullif($5::text, ''), NULL
   UNION ALL
  SELECT 'cutoff', 0, $4::text, NULL
), points AS (
  -- A date, a number and a UUID may be too far away for a timestamptz.
  SELECT s.kind, s.place, s.share,
         CASE $3::text
           WHEN 'date' THEN least(s.value::date, '100000-01-01')::timestamptz
           WHEN 's' THEN 'epoch'::timestamptz
             + least(greatest(s.value::bigint, 0), 10000000000) * interval '1 second'
           WHEN 'ms' THEN 'epoch'::timestamptz
             + least(greatest(s.value::bigint, 0), 10000000000000) * interval '1 millisecond'
           WHEN 'us' THEN 'epoch'::timestamptz
             + least(greatest(s.value::bigint, 0), 9000000000000000) * interval '1 microsecond'
           WHEN 'uuidv7' THEN 'epoch'::timestamptz
             + ('x' || left(replace(s.value, '-', ''), 12))::bit(48)::bigint
               * interval '1 millisecond'
           ELSE s.value::timestamptz END AS at
    FROM seen s
), span AS (
  SELECT coalesce(max(p.at) FILTER (WHERE p.kind = 'oldest'), '-infinity') AS oldest,
         max(p.at) FILTER (WHERE p.kind = 'cutoff') AS cutoff
    FROM points p
), common AS (
  SELECT p.at, p.share FROM points p WHERE p.kind = 'common'
), bounds AS (
  SELECT p.place, p.at FROM points p WHERE p.kind = 'bound'
), bins AS (
  SELECT b.at AS low, lead(b.at) OVER (ORDER BY b.place) AS high,
         greatest(0, 1 - s.nulls - coalesce((SELECT sum(c.share) FROM common c), 0))
           / nullif(cardinality(s.bounds) - 1, 0) AS share
    FROM bounds b
   CROSS JOIN statistics s
), cut AS (
  SELECT greatest(b.low, p.oldest) AS low, least(b.high, p.cutoff) AS high,
         b.share * (extract(epoch FROM least(b.high, p.cutoff) - greatest(b.low, p.oldest))
                    / extract(epoch FROM b.high - b.low))::float8 AS share,
         -- So many that there are at least $6 of them, however few bins are below the cutoff.
         $6::bigint / count(*) OVER () + 1 AS parts
    FROM bins b
   CROSS JOIN span p
   WHERE isfinite(b.low) AND isfinite(b.high) AND b.low < b.high
     AND b.high > p.oldest AND b.low < p.cutoff AND p.oldest < p.cutoff
), pieces AS (
  SELECT c.at, c.share
    FROM common c
   CROSS JOIN span p
   WHERE isfinite(c.at) AND c.at >= p.oldest AND c.at < p.cutoff
   UNION ALL
  SELECT CASE WHEN $3::text = 'date' THEN date_trunc('day', v.at)
              WHEN $3::text = 's' THEN date_trunc('second', v.at)
              WHEN $3::text IN ('ms', 'uuidv7') THEN date_trunc('milliseconds', v.at)
              ELSE v.at END, c.share / c.parts
    FROM cut c
   CROSS JOIN generate_series(0, c.parts - 1) AS part
   CROSS JOIN LATERAL (SELECT c.low + (c.high - c.low) * (part / c.parts::float8) AS at) v
), placed AS (
  SELECT p.at,
         floor($6::bigint * sum(p.share) OVER (ORDER BY p.at RANGE BETWEEN UNBOUNDED PRECEDING AND
                                               CURRENT ROW EXCLUDE GROUP)
                          / nullif(sum(p.share) OVER (), 0)) AS part
    FROM pieces p
), split AS (
  SELECT min(p.at) AS at
    FROM placed p
   WHERE p.part > 0
   GROUP BY p.part
)
SELECT CASE $3::text WHEN 'date' THEN s.at::date::text
                     WHEN 'timestamp without time zone' THEN s.at::timestamp::text
                     WHEN 's' THEN (u.us / 1000000)::text
                     WHEN 'ms' THEN (u.us / 1000)::text
                     WHEN 'us' THEN u.us::text
                     WHEN 'uuidv7'
                     THEN rpad(lpad(to_hex(u.us / 1000), 12, '0'), 32, '0')::uuid::text
                     ELSE s.at::text END AS split
  FROM split s
 CROSS JOIN LATERAL (
        SELECT extract(epoch FROM date_trunc('second', s.at))::bigint * 1000000
                 + extract(microseconds FROM s.at)::bigint % 1000000 AS us) u
 ORDER BY s.at
