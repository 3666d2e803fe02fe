-- The limits of gate/read.sql for a preview: no gate is asked, and "now" is this clock's.
--
--   $1 text     retain (interval)
-- Returns  as_of, cutoff (ISO 8601)
-- Locks    none
-- Index    none
-- Caller   PgTargetDatabase::census
SELECT now::text AS as_of,
       to_char((now - $1::interval) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS cutoff
  FROM (SELECT clock_timestamp() AS now) c
