-- Charges ended batches to the limits of rows per second that they fall under. Does nothing where
-- there is no limit.
--
--   $1 text     target
--   $2 bigint   rows of all of its batches
--   $3 jsonb    array of {policy, rows}
-- Affects  the limits' rows
-- Locks    them; the caller has locked the target's slots
-- Index    paces_pkey from the newest version down; rows are changed by ctid
-- Caller   deliver_to (admission_news.cpp)
WITH charge AS MATERIALIZED (
  SELECT 'target' AS scope, t.name, $2::bigint::float8 / t.rows_per_second AS seconds
    FROM lethe.targets t
   WHERE t.name = $1::text AND t.rows_per_second IS NOT NULL
  UNION ALL
  SELECT 'policy', p.name, e.rows::float8 / p.rows_per_second
    FROM jsonb_to_recordset($3::jsonb) AS e (policy text, rows bigint)
    JOIN lethe.policies p ON p.name = e.policy AND p.rows_per_second IS NOT NULL
), known AS MATERIALIZED (
  SELECT c.scope, c.name, c.seconds, x.tid
    FROM charge c
    LEFT JOIN LATERAL (SELECT p.ctid AS tid FROM lethe.paces p
                        WHERE p.scope = c.scope AND p.name = c.name
                        ORDER BY p.version DESC LIMIT 1) x ON true
), changed AS (
  UPDATE lethe.paces p
     SET version = p.version + 1,
         paid_until = greatest(p.paid_until, clock_timestamp()) + k.seconds * interval '1 second'
    FROM known k
   WHERE p.ctid = k.tid
)
INSERT INTO lethe.paces (scope, name, paid_until)
SELECT k.scope, k.name, clock_timestamp() + k.seconds * interval '1 second'
  FROM known k
 WHERE k.tid IS NULL
