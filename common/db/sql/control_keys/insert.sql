-- Allows a key.
--
--   $1 text     name
--   $2 text     public_key, Z85
--   $3 text     role
--   $4 text     who allows it
-- Affects  0 rows when the name or the key is there already
-- Locks    the new row
-- Index    control_keys_pkey, control_keys_public_key_key
-- Caller   PgKeyStore::allow
INSERT INTO lethe.control_keys (name, public_key, role, allowed_by)
VALUES ($1::text, $2::text, $3::text, $4::text)
    ON CONFLICT DO NOTHING
