-- The targets with what runs on them now.
--
--   $1 text     one name, or NULL for all
-- Returns  name, url, max_running, rows_per_second (0: no limit), policies, waiting, running, paused, created_at,
--          clock_skew_seconds, survives_failover, frozen (why, NULL when it is not), circuit_until
--          (ISO 8601; NULL unless it cannot be reached); by name
-- Locks    none
-- Index    items_own, items_wai, target_slots_pkey from the newest version down
-- Caller   PgTargetStore::list, PgTargetStore::find
SELECT t.name, t.url, t.max_running, coalesce(t.rows_per_second, 0) AS rows_per_second,
       (SELECT count(*) FROM lethe.policies p WHERE p.target = t.name) AS policies,
       (SELECT count(*) FROM lethe.items i
         WHERE i.target = t.name AND NOT i.is_leased AND i.enqueue_at IS NULL
           AND i.admission = 1) AS waiting,
       (SELECT count(*) FROM lethe.items i
         WHERE i.target = t.name AND i.leased_by IS NOT NULL) AS running,
       EXISTS (SELECT 1 FROM lethe.pauses p
                WHERE p.scope = 'all' OR (p.scope = 'target' AND p.name = t.name)) AS paused,
       lethe.iso(t.created_at) AS created_at, t.clock_skew_seconds, t.survives_failover,
       (SELECT p.reason FROM lethe.pauses p
         WHERE p.frozen AND (p.scope = 'all' OR p.name = t.name)
         ORDER BY p.scope LIMIT 1) AS frozen,
       (SELECT lethe.iso(CASE WHEN s.failures >= 3 THEN s.open_until END)
          FROM lethe.target_slots s
         WHERE s.target = t.name ORDER BY s.version DESC LIMIT 1) AS circuit_until
  FROM lethe.targets t
 WHERE $1::text IS NULL OR t.name = $1::text
 ORDER BY t.name
