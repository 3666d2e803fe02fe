-- The audit chain in its order, each entry with the hash that it ought to have. By statements of this
-- program alone: what a function in the database says could be changed with the rows.
--
--   $1 bigint   after this id; 0: from the first
--   $2 integer  most rows, 1..10000
-- Returns  id, prev_hash, hash, computed
-- Locks    none
-- Index    audit_pkey
-- Caller   PgProofStore::audit_links
SELECT a.id, a.prev_hash, a.hash,
       encode(sha256(convert_to(jsonb_build_array(a.prev_hash, a.id, a.at AT TIME ZONE 'UTC', a.actor,
         a.action, a.object, a.detail)::text, 'UTF8')), 'hex') AS computed
  FROM lethe.audit a
 WHERE a.id > $1::bigint
 ORDER BY a.id
 LIMIT $2::integer
