-- Rows of idempotency_keys, oldest first: 0 to 29 days old, 85 in 100 finished.
--
--   $1 bigint   first row, from 1
--   $2 bigint   last row
--   $3 bigint   rows that the table is to have
--   $4 bigint   the moment from which ages count back, microseconds since 1970
-- Affects  $2 - $1 + 1 rows
-- Locks    the new rows
-- Index    none
-- Caller   PgDemoData::add_rows
WITH aged AS (
  SELECT n, 30::float8 * ($3::bigint - n) / $3::bigint AS days, n * 2654435761 % 4294967296 % 100 AS share
    FROM generate_series($1::bigint, $2::bigint) AS n
)
INSERT INTO public.idempotency_keys (key, state, created_at)
SELECT md5(n::text),
       CASE WHEN share < 85 THEN 'finished' WHEN share < 95 THEN 'pending' ELSE 'failed' END,
       -- Nine tenths of each day only, see DemoData.
       timestamptz 'epoch' + $4::bigint * interval '1 microsecond'
           - (floor(days) + (days - floor(days)) * 0.9) * interval '1 day'
  FROM aged
