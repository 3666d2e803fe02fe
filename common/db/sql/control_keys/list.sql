-- The keys that may connect.
--
-- Returns  name, public_key, role, allowed_by, allowed_at, by name
-- Locks    none
-- Index    control_keys_pkey
-- Caller   PgKeyStore::list
SELECT k.name, k.public_key, k.role, k.allowed_by, lethe.iso(k.allowed_at) AS allowed_at
  FROM lethe.control_keys k
 ORDER BY k.name
