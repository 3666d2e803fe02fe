-- Tenants with limits of their own.
--
--   $1 text     target, or NULL for all
--   $2 text     tenant, or NULL for all
-- Returns  target, name, weight, max_running, lane; by target and name
-- Locks    none
-- Index    tenants_pkey
-- Caller   PgTenantStore::list, PgTenantStore::find
SELECT target, name, weight, max_running, lane
  FROM lethe.tenants
 WHERE ($1::text IS NULL OR target = $1::text) AND ($2::text IS NULL OR name = $2::text)
 ORDER BY target, name
