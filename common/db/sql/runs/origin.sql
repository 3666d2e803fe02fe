-- What a run was made with.
--
--   $1 text     run
-- Returns  as_of, expire_at (timestamptz text, UTC), policy_epoch, verify_payload (bytea, empty: it was
--          never planned); or no row
-- Locks    none
-- Index    runs_pkey
-- Caller   PgProofStore::run_origin
SELECT r.as_of::text AS as_of, r.expire_at::text AS expire_at, r.policy_epoch,
       coalesce(r.verify_payload, '') AS verify_payload
  FROM lethe.runs r
 WHERE r.id = $1::text
