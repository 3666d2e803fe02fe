-- Adds one operator action to the audit chain. The caller holds the chain's advisory lock, so ids
-- are gapless and each hash covers the one before. audit/links.sql takes the same hash again.
--
--   $1 text     actor
--   $2 text     action, e.g. policy.apply
--   $3 text     object, e.g. the policy's name
--   $4 text     detail, "" for none
-- Affects  one row
-- Locks    the new row; the row of the chain's head
-- Index    audit_head_pkey
-- Caller   audit (queue_steps.cpp)
WITH entry AS (
  SELECT h.id + 1 AS id, clock_timestamp() AS at, h.hash AS prev_hash
    FROM lethe.audit_head h
), hashed AS (
  SELECT e.id, e.at, e.prev_hash,
         encode(sha256(convert_to(jsonb_build_array(e.prev_hash, e.id, e.at AT TIME ZONE 'UTC',
           $1::text, $2::text, $3::text, $4::text)::text, 'UTF8')), 'hex') AS hash
    FROM entry e
), written AS (
  INSERT INTO lethe.audit (id, at, actor, action, object, detail, prev_hash, hash)
  SELECT h.id, h.at, $1::text, $2::text, $3::text, $4::text, h.prev_hash, h.hash FROM hashed h
)
UPDATE lethe.audit_head SET id = h.id, hash = h.hash FROM hashed h
