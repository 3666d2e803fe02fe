-- What a batch may do now: the gate, the run's deadline by this database's clock, and the cutoffs in
-- force. "Now" is the older of the run's and this clock's, so a clock that runs ahead deletes nothing
-- early. Each limit comes in the types that timestamp columns have, so that the statement
-- that uses it compares with a constant. A date stands for the end of its day.
--
--   $1 text     policy, '' for an ad-hoc run
--   $2 text     the run's as_of (timestamptz)
--   $3 text     the policy's retain (interval)
--   $4 text     run
--   $5 text     keep_min's boundary for the table (timestamptz), '' for none
--   $6 text     the run's expire_at (timestamptz)
--   $7 integer  window opens, minutes since midnight; NULL: always open
--   $8 integer  window closes
--   $9 text     the window's zone
--   $10 text    a task whose fence must be here, '' for none
--   $11 bigint  a row of the ledger that must be here, 0 for none
--   $12 text    its hash
-- Returns  system_identifier, timeline, database_oid, has_task, has_ledger, now_us (this clock,
--          microseconds since 1970), frozen_by ('', clock, database), frozen (why);
--          all_halted, all_reason, policy_halted, policy_reason, policy_epoch (NULL: no such row),
--          expired, closed (outside the window), has_cutoffs (lethe.cutoffs knows the run), has_holds
--          (some hold is in force, on whatever), as_of, shift (interval by which own cutoffs lie before
--          the frozen ones, '' for none), and
--          cutoff, floor, reach, each _timestamptz, _timestamp, _date and _us (microseconds since
--          1970, 0 before it; floor: whatever is older may go, whoever's it is; reach: nothing
--          newer goes, whoever's it is)
-- Locks    none; the shared advisory locks are held already
-- Index    gate_pkey, cutoffs_pkey, holds_active, fence_pkey, ledger_pkey
-- Caller   read_gate (batch_transaction.cpp)
WITH clock AS (
  SELECT clock_timestamp() AS now
), frozen AS (
  SELECT now, least($2::timestamptz, now) AS as_of FROM clock
), own AS (
  -- Months are not all of the same length: three days more than the clock went back is enough.
  SELECT o.floor, o.reach,
         CASE WHEN f.as_of < o.as_of THEN o.as_of - f.as_of + interval '3 days' END AS shift
    FROM frozen f
    JOIN lethe.cutoffs o ON o.run = $4::text
), limits AS (
  SELECT now, as_of,
         least(as_of - $3::interval, coalesce(nullif($5::text, '')::timestamptz, 'infinity'))
           AS cutoff
    FROM frozen
), ends AS (
  SELECT l.now, l.as_of, l.cutoff, o.shift, o.floor IS NOT NULL AS has_cutoffs,
         least(l.cutoff, o.floor - coalesce(o.shift, '0')) AS floor,
         greatest(l.cutoff, o.reach - coalesce(o.shift, '0')) AS reach
    FROM limits l
    LEFT JOIN own o ON true
)
SELECT (SELECT s.system_identifier::text FROM pg_control_system() s) AS system_identifier,
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline,
       (SELECT d.oid::bigint FROM pg_database d WHERE d.datname = current_database())
         AS database_oid,
       $10::text = '' OR EXISTS (SELECT 1 FROM lethe.fence f WHERE f.task = $10::text) AS has_task,
       $11::bigint = 0 OR EXISTS (SELECT 1 FROM lethe.ledger l
                                   WHERE l.id = $11::bigint AND l.hash = $12::text) AS has_ledger,
       (extract(epoch FROM now) * 1000000)::bigint AS now_us, g.frozen_by, g.frozen,
       g.halted AS all_halted, g.reason AS all_reason,
       p.halted AS policy_halted, p.reason AS policy_reason, p.policy_epoch,
       now >= $6::timestamptz AS expired, coalesce(closed, false) AS closed,
       has_cutoffs,
       EXISTS (SELECT 1 FROM lethe.holds h WHERE h.released_at IS NULL) AS has_holds,
       as_of::text AS as_of, coalesce(shift::text, '') AS shift,
       cutoff::text AS cutoff_timestamptz, (cutoff AT TIME ZONE 'UTC')::text AS cutoff_timestamp,
       ((cutoff - interval '1 microsecond') AT TIME ZONE 'UTC')::date::text AS cutoff_date,
       floor::text AS floor_timestamptz, (floor AT TIME ZONE 'UTC')::text AS floor_timestamp,
       ((floor - interval '1 microsecond') AT TIME ZONE 'UTC')::date::text AS floor_date,
       reach::text AS reach_timestamptz, (reach AT TIME ZONE 'UTC')::text AS reach_timestamp,
       ((reach - interval '1 microsecond') AT TIME ZONE 'UTC')::date::text AS reach_date,
       (extract(epoch FROM date_trunc('second', greatest(cutoff, 'epoch')))::bigint * 1000000
         + extract(microseconds FROM greatest(cutoff, 'epoch'))::bigint % 1000000) AS cutoff_us,
       (extract(epoch FROM date_trunc('second', greatest(floor, 'epoch')))::bigint * 1000000
         + extract(microseconds FROM greatest(floor, 'epoch'))::bigint % 1000000) AS floor_us,
       (extract(epoch FROM date_trunc('second', greatest(reach, 'epoch')))::bigint * 1000000
         + extract(microseconds FROM greatest(reach, 'epoch'))::bigint % 1000000) AS reach_us
  FROM ends
 CROSS JOIN LATERAL (
        SELECT CASE WHEN $7::integer < $8::integer
                    THEN minute < $7::integer OR minute >= $8::integer
                    ELSE minute < $7::integer AND minute >= $8::integer END AS closed
          FROM (SELECT (extract(hour FROM at) * 60 + extract(minute FROM at))::integer AS minute
                  FROM (SELECT now AT TIME ZONE $9::text AS at) l) m) w
 CROSS JOIN (SELECT halted, reason, frozen_by, frozen
               FROM lethe.gate WHERE policy = '*') g
  LEFT JOIN (SELECT halted, reason, policy_epoch FROM lethe.gate
              WHERE policy = $1::text AND $1::text <> '') p ON true
