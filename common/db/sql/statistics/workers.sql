-- The registered workers, by phase.
--
-- Returns  phase (running, draining), workers, slots, busy: of each, zero when there are none
-- Locks    none
-- Index    none: few rows, for those that are gone are forgotten
-- Caller   PgStatisticsStore::read
SELECT p.phase, count(w.id) AS workers, coalesce(sum(w.slots), 0)::bigint AS slots,
       coalesce(sum(least(w.busy, w.slots)), 0)::bigint AS busy
  FROM (VALUES ('running'), ('draining')) AS p (phase)
  LEFT JOIN lethe.workers w ON w.phase = p.phase
 GROUP BY p.phase
 ORDER BY p.phase
