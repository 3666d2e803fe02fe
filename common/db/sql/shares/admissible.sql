-- Targets with a free slot and somebody in the line for it. A look without a lock, so only a hint.
--
--   $1 text[]   targets, empty for all
-- Returns  target of each, at most 100
-- Locks    none
-- Index    target_slots_pkey from the newest version down, shares_next
-- Caller   PgTaskQueue::exchange
SELECT s.target
  FROM lethe.targets t
 CROSS JOIN LATERAL (SELECT x.* FROM lethe.target_slots x
                      WHERE x.target = t.name ORDER BY x.version DESC LIMIT 1) s
 WHERE (cardinality($1::text[]) = 0 OR t.name = ANY ($1::text[]))
   AND (s.open_until IS NULL OR s.open_until <= clock_timestamp())
   AND (t.rows_per_second IS NULL
        OR coalesce(lethe.paid_until('target', t.name) <= clock_timestamp(), true))
   AND s.admitted < CASE WHEN s.failures >= 3 THEN 1 ELSE t.max_running END
   AND EXISTS (SELECT 1 FROM lethe.shares h
                WHERE h.target = s.target AND h.eligible AND h.vtime >= s.vtime)
   AND NOT EXISTS (SELECT 1 FROM lethe.pauses p
                    WHERE p.scope = 'all' OR (p.scope = 'target' AND p.name = s.target))
 ORDER BY s.target
 LIMIT 100
