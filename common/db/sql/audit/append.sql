-- Adds one operator action to the audit chain. The caller holds the chain's advisory lock, so ids
-- are gapless and each hash covers the one before.
--
--   $1 text     actor
--   $2 text     action, e.g. policy.apply
--   $3 text     object, e.g. the policy's name
--   $4 text     detail, "" for none
-- Affects  one row
-- Locks    the new row
-- Index    audit_pkey
-- Caller   audit (queue_steps.cpp)
WITH last AS (
  SELECT coalesce(max(id), 0) AS id FROM lethe.audit
), entry AS (
  SELECT last.id + 1 AS id, clock_timestamp() AS at,
         coalesce((SELECT a.hash FROM lethe.audit a WHERE a.id = last.id), '') AS prev_hash
    FROM last
)
INSERT INTO lethe.audit (id, at, actor, action, object, detail, prev_hash, hash)
SELECT id, at, $1::text, $2::text, $3::text, $4::text, prev_hash,
       encode(sha256(convert_to(concat_ws(E'\x1f', prev_hash, id, lethe.iso(at), $1::text, $2::text,
                                          $3::text, $4::text), 'UTF8')), 'hex')
  FROM entry
