-- Values of a timestamp column between which about equally many of its expired rows lie, by its
-- statistics: the most common values, and the histogram, each of whose bins holds equally many rows,
-- taken to lie evenly in it. Only a proposal: the ranges made of it are complete whatever it says.
-- pg_stats shows what this role may read; of a column that was never analysed there is no row.
--
--   $1 oid      relation
--   $2 text     timestamp column, exact
--   $3 text     its type: date, timestamp without time zone or timestamp with time zone
--   $4 text     cutoff, of that type: nothing at or after it is expired
--   $5 text     the oldest value that is there now, of that type, '' for unknown: statistics that
--               are older than the last run still tell of rows that it deleted
--   $6 bigint   parts that are wanted, 2..1000
-- Returns  split (text of the column's type), ascending, none twice, at most $6
-- Locks    none
-- Index    pg_class_relname_nsp_index, pg_statistic_relid_att_inh_index
-- Caller   Look::key (look_step.cpp)
WITH statistics AS (
  SELECT s.null_frac::float8 AS nulls, s.most_common_vals::text::text[] AS common,
         s.most_common_freqs::float8[] AS shares, s.histogram_bounds::text::text[] AS bounds
    FROM pg_stats s
   WHERE s.schemaname = (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE c.oid = $1::oid)
     AND s.tablename = (SELECT c.relname FROM pg_class c WHERE c.oid = $1::oid)
     AND s.attname = $2::name AND NOT s.inherited
), span AS (
  SELECT coalesce(nullif($5::text, ''), '-infinity')::timestamptz AS oldest,
         $4::timestamptz AS cutoff
), common AS (
  -- A date may be too far away for a timestamptz.
  SELECT CASE $3::text WHEN 'date' THEN least(v.value::date, '100000-01-01')::timestamptz
                       ELSE v.value::timestamptz END AS at, v.share
    FROM statistics s
   CROSS JOIN unnest(s.common, s.shares) AS v (value, share)
), bounds AS (
  SELECT b.place, CASE $3::text WHEN 'date' THEN least(b.value::date, '100000-01-01')::timestamptz
                                ELSE b.value::timestamptz END AS at
    FROM statistics s
   CROSS JOIN unnest(s.bounds) WITH ORDINALITY AS b (value, place)
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
  SELECT CASE $3::text WHEN 'date' THEN date_trunc('day', v.at) ELSE v.at END, c.share / c.parts
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
                     ELSE s.at::text END AS split
  FROM split s
 ORDER BY s.at
