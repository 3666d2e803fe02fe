-- Makes a run with its cutoff frozen by this database's clock. The spec, its hash and its epoch are
-- copied, so that a later change of the policy does not change what this run means.
--
--   $1 text     id, ULID
--   $2 text     policy, NULL for an ad-hoc run
--   $3 bigint   policy epoch, 0 for an ad-hoc run
--   $4 text     target
--   $5 text     spec, canonical JSON; NULL: as lethe.policies has it at that epoch
--   $6 text     retain, interval
--   $7 text     scheduled for (timestamptz), NULL by hand
--   $8 text     requested by
--   $9 bigint   milliseconds until the run expires
--  $10 text     state: planned, queued (behind the policy's open run) or skipped
--  $11 text     error: why it was skipped, else NULL
--  $12 text     tenant, '' for no single one
--  $13 text     lane, unless the tenant has its own
--  $14 integer  priority, 0 (first) to 4
--  $15 text     source_id, NULL for none
--  $16 bigint   rows that a person saw and agreed to, NULL for none
-- Returns  lane; no row when this instant of this policy has a run already
-- Locks    the new row
-- Index    runs_policy_scheduled_for_key, policies_pkey
-- Caller   insert_run (new_run.cpp)
WITH clock AS (
  SELECT clock_timestamp() AS now
), made_of AS (
  SELECT coalesce($5::text, (SELECT p.spec_text FROM lethe.policies p
                              WHERE p.name = $2::text AND p.epoch = $3::bigint)) AS spec
)
INSERT INTO lethe.runs (id, policy, policy_epoch, target, spec, spec_sha256, state, scheduled_for,
                        as_of, cutoff, expire_at, requested_by, finished_at, error, tenant, lane,
                        priority, source_id, acknowledged)
SELECT $1::text, $2::text, $3::bigint, $4::text,
       -- What never runs need not carry 100,000 overrides; the hash tells what it was.
       CASE WHEN $10::text = 'skipped' THEN spec::jsonb #- '{tenant,overrides}' ELSE spec::jsonb END,
       encode(sha256(convert_to(spec, 'UTF8')), 'hex'), $10::text, $7::timestamptz,
       now, now - $6::interval, now + $9::bigint * interval '1 millisecond', $8::text,
       CASE WHEN $10::text = 'skipped' THEN now END, $11::text, $12::text,
       coalesce((SELECT nullif(t.lane, '') FROM lethe.tenants t
                  WHERE t.target = $4::text AND t.name = $12::text), $13::text),
       $14::integer, $15::text, $16::bigint
  FROM clock
 CROSS JOIN made_of
    ON CONFLICT (policy, scheduled_for) DO NOTHING
RETURNING lane
