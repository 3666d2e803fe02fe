-- Rows of executions, oldest first: 0 to 180 days old, 50 tenants, five of them large. 3 in
-- 100 never started. tenant-49 has been quiet for 89 days and tenant-50 for 100, so that a minimum
-- to keep protects old rows of both.
--
--   $1 bigint   first row, from 1
--   $2 bigint   last row
--   $3 bigint   rows that the table is to have
--   $4 bigint   the moment from which ages count back, microseconds since 1970
-- Affects  $2 - $1 + 1 rows
-- Locks    the new rows
-- Index    none
-- Caller   PgDemoData::add_rows
WITH numbered AS (
  SELECT n, 181::float8 * ($3::bigint - n) / $3::bigint AS days,
         -- Knuth's multiplicative hash: spread evenly, and the same every time.
         (n * 2654435761 % 4294967296) AS hash
    FROM generate_series($1::bigint, $2::bigint) AS n
), assigned AS (
  SELECT n, hash, days,
         CASE WHEN hash % 10 < 3 THEN 1 + hash / 10 % 5 ELSE 1 + hash / 10 % 50 END AS tenant
    FROM numbered
), aged AS (
  SELECT n, hash, tenant,
         CASE tenant WHEN 49 THEN 89 + days * 91 / 181
                     WHEN 50 THEN 100 + days * 80 / 181 ELSE days END AS days
    FROM assigned
), dated AS (
  SELECT n, hash, tenant,
         -- Nine tenths of each day only, see DemoData.
         timestamptz 'epoch' + $4::bigint * interval '1 microsecond'
           - (floor(days) + (days - floor(days)) * 0.9) * interval '1 day' AS at
    FROM aged
)
INSERT INTO public.executions (id, tenant_id, status, started_at, created_at, payload)
SELECT n, 'tenant-' || to_char(tenant, 'FM00'),
       (ARRAY['done', 'done', 'done', 'done', 'failed'])[1 + hash / 500 % 5],
       CASE WHEN n % 100 >= 3 THEN at END,
       CASE WHEN n % 100 >= 3 THEN at - interval '5 seconds' ELSE at END,
       rpad(md5(n::text), 165, md5(hash::text))
  FROM dated
