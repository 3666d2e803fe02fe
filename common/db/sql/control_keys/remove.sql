-- Revokes a key.
--
--   $1 text     name
-- Affects  0 rows when there is none of that name
-- Returns  public_key, role
-- Locks    the row
-- Index    control_keys_pkey
-- Caller   PgKeyStore::revoke
DELETE FROM lethe.control_keys WHERE name = $1::text
RETURNING public_key, role
