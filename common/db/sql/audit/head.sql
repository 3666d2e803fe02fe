-- The newest entry of the audit as whoever wrote it left word of it.
--
-- Returns  id, hash (0 and '' before the first); no row when that was deleted
-- Locks    none
-- Index    audit_head_pkey
-- Caller   PgProofStore::audit_head
SELECT id, hash FROM lethe.audit_head
