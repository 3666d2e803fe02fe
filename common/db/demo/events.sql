-- Rows of events, oldest first: 0 to 364 days old, evenly.
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
  SELECT n, 364::float8 * ($3::bigint - n) / $3::bigint AS days
    FROM generate_series($1::bigint, $2::bigint) AS n
)
INSERT INTO public.events (id, kind, occurred_at, payload)
SELECT n, (ARRAY['login', 'logout', 'upload', 'download', 'share'])[1 + n * 2654435761 % 5],
       -- Nine tenths of each day only, see DemoData.
       timestamptz 'epoch' + $4::bigint * interval '1 microsecond'
           - (floor(days) + (days - floor(days)) * 0.9) * interval '1 day',
       repeat(md5(n::text), 2)
  FROM aged
