-- Enabled policies whose next firing has come, and which nobody paused; none when nobody has looked at
-- the clock lately, which may have jumped.
--
--   $1 integer  most policies, 1..1000
--   $2 text     only those whose names come after this one; '' for all
-- Returns  name, target, spec (JSON without the tenants' overrides), epoch, fire_cursor and now (microseconds since 1970), by name
-- Locks    none: the firing itself is guarded by the run's unique key
-- Index    policies_due
-- Caller   PgSchedulerStore::due_policies
SELECT p.name, p.target, (p.spec #- '{tenant,overrides}')::text AS spec, p.epoch,
       (extract(epoch FROM p.fire_cursor) * 1000000)::bigint AS fire_cursor,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
  FROM lethe.policies p
 WHERE p.enabled AND p.next_fire_at IS NOT NULL AND p.next_fire_at <= clock_timestamp()
   AND p.name > $2::text AND lethe.clock_is_watched()
   AND NOT EXISTS (SELECT 1 FROM lethe.pauses x
                    WHERE x.scope = 'all' OR (x.scope = 'target' AND x.name = p.target)
                       OR (x.scope = 'policy' AND x.name = p.name))
 ORDER BY p.name
 LIMIT $1::integer
