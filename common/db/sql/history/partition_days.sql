-- Which daily partitions of history are missing, from today to a week ahead, and which are older
-- than $1 days and than every open run, whose totals are made of them.
--
--   $1 integer  days to keep, 1..3650
-- Returns  name, day_from, day_to (text), action: create, drop or empty (old rows in the default
--          partition)
-- Locks    none
-- Index    none
-- Caller   PgSchedulerStore::keep_house
WITH wanted AS (
  SELECT 'history_' || to_char(d, 'YYYYMMDD') AS name, d::date AS day
    FROM generate_series((clock_timestamp() AT TIME ZONE 'UTC')::date,
                         (clock_timestamp() AT TIME ZONE 'UTC')::date + 7, interval '1 day') d
), present AS (
  SELECT c.relname::text AS name
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
   WHERE i.inhparent = 'lethe.history'::regclass AND c.relname ~ '^history_[0-9]{8}$'
)
SELECT w.name, w.day::text AS day_from, (w.day + 1)::text AS day_to, 'create' AS action
  FROM wanted w
 WHERE NOT EXISTS (SELECT 1 FROM present p WHERE p.name = w.name)
   AND NOT EXISTS (SELECT 1 FROM lethe.history_default h
                    WHERE h.finished_at >= w.day::timestamp AT TIME ZONE 'UTC'
                      AND h.finished_at < (w.day + 1)::timestamp AT TIME ZONE 'UTC')
UNION ALL
SELECT 'history_default', '', '', 'empty'
 WHERE EXISTS (SELECT 1 FROM lethe.history_default)
UNION ALL
SELECT p.name, '', '', 'drop'
  FROM present p
 WHERE to_date(right(p.name, 8), 'YYYYMMDD')
       < least((clock_timestamp() AT TIME ZONE 'UTC')::date - $1::integer,
               (SELECT min((r.created_at AT TIME ZONE 'UTC')::date)
                  FROM lethe.runs r WHERE r.finished_at IS NULL))
