-- Makes a run with its cutoff frozen by this database's clock. The spec, its hash and its epoch are
-- copied, so that a later change of the policy does not change what this run means.
--
--   $1 text     id, ULID
--   $2 text     policy, NULL for an ad-hoc run
--   $3 bigint   policy epoch, 0 for an ad-hoc run
--   $4 text     target
--   $5 text     spec, canonical JSON
--   $6 text     retain, interval
--   $7 text     scheduled for (timestamptz), NULL by hand
--   $8 text     requested by
--   $9 bigint   milliseconds until the run expires
--  $10 text     state: planned, or skipped
--  $11 text     error: why it was skipped, else NULL
-- Affects  0 rows when this instant of this policy has a run already
-- Locks    the new row
-- Index    runs_policy_scheduled_for_key
-- Caller   PgSchedulerStore::fire, PgRunStore::start
WITH clock AS (SELECT clock_timestamp() AS now)
INSERT INTO lethe.runs (id, policy, policy_epoch, target, spec, spec_sha256, state, scheduled_for,
                        as_of, cutoff, expire_at, requested_by, finished_at, error)
SELECT $1::text, $2::text, $3::bigint, $4::text, $5::jsonb,
       encode(sha256(convert_to($5::text, 'UTF8')), 'hex'), $10::text, $7::timestamptz,
       now, now - $6::interval, now + $9::bigint * interval '1 millisecond', $8::text,
       CASE WHEN $10::text = 'skipped' THEN now END, $11::text
  FROM clock
    ON CONFLICT (policy, scheduled_for) DO NOTHING
