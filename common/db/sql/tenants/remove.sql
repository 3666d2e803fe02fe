-- Takes a tenant back to the defaults.
--
--   $1 text     target
--   $2 text     tenant
-- Affects  0 rows when it had no limits of its own
-- Locks    the row
-- Index    tenants_pkey
-- Caller   PgTenantStore::remove
DELETE FROM lethe.tenants WHERE target = $1::text AND name = $2::text
