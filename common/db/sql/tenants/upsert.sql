-- Sets what a tenant of a target may take of the fleet. Its waiting tasks move to the new lane.
--
--   $1 text     target
--   $2 text     tenant
--   $3 integer  weight, 1..10000
--   $4 integer  max_running, 0..1000
--   $5 text     lane, '' for the policy's
-- Returns  was_new boolean
-- Locks    the tenant's row, its waiting tasks; the caller has locked the target's slots
-- Index    tenants_pkey, items_wai
-- Caller   PgTenantStore::set
WITH moved AS (
  UPDATE lethe.items i SET lane = $5::text
   WHERE i.target = $1::text AND i.tenant = $2::text AND $5::text <> '' AND i.lane <> $5::text
     AND NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 1
)
INSERT INTO lethe.tenants AS t (target, name, weight, max_running, lane)
VALUES ($1::text, $2::text, $3::integer, $4::integer, $5::text)
    ON CONFLICT (target, name) DO UPDATE
   SET weight = excluded.weight, max_running = excluded.max_running, lane = excluded.lane,
       updated_at = clock_timestamp()
RETURNING t.xmax = 0 AS was_new
