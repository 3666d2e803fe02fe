-- The limits of gate/read.sql for a preview: no gate is asked, and "now" is this clock's.
--
--   $1 text     retain (interval)
--   $2 text     the shortest retain of any tenant (interval)
--   $3 text     keep_min's boundary for the table (timestamptz), '' for none
-- Returns  as_of; cutoff, floor and reach, each _timestamptz, _timestamp, _date and _us as
--          gate/read.sql (floor: the cutoff); age_cutoff (ISO 8601), the cutoff without keep_min
-- Locks    none
-- Index    none
-- Caller   preview_limits (batch_transaction.cpp)
SELECT as_of::text AS as_of,
       cutoff::text AS cutoff_timestamptz, (cutoff AT TIME ZONE 'UTC')::text AS cutoff_timestamp,
       ((cutoff - interval '1 microsecond') AT TIME ZONE 'UTC')::date::text AS cutoff_date,
       cutoff::text AS floor_timestamptz, (cutoff AT TIME ZONE 'UTC')::text AS floor_timestamp,
       ((cutoff - interval '1 microsecond') AT TIME ZONE 'UTC')::date::text AS floor_date,
       reach::text AS reach_timestamptz, (reach AT TIME ZONE 'UTC')::text AS reach_timestamp,
       ((reach - interval '1 microsecond') AT TIME ZONE 'UTC')::date::text AS reach_date,
       (extract(epoch FROM date_trunc('second', greatest(cutoff, 'epoch')))::bigint * 1000000
         + extract(microseconds FROM greatest(cutoff, 'epoch'))::bigint % 1000000) AS cutoff_us,
       (extract(epoch FROM date_trunc('second', greatest(cutoff, 'epoch')))::bigint * 1000000
         + extract(microseconds FROM greatest(cutoff, 'epoch'))::bigint % 1000000) AS floor_us,
       (extract(epoch FROM date_trunc('second', greatest(reach, 'epoch')))::bigint * 1000000
         + extract(microseconds FROM greatest(reach, 'epoch'))::bigint % 1000000) AS reach_us,
       to_char((as_of - $1::interval) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
         AS age_cutoff
  FROM (SELECT now AS as_of,
               least(now - $1::interval, coalesce(nullif($3::text, '')::timestamptz, 'infinity'))
                 AS cutoff,
               least(now - $2::interval, coalesce(nullif($3::text, '')::timestamptz, 'infinity'))
                 AS reach
          FROM (SELECT clock_timestamp() AS now) c) l
