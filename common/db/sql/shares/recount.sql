-- Counts a target's admitted tasks and looks for waiting ones anew. After rare changes, and now and
-- then because a worker that died may have kept what it knew to itself.
--
--   $1 text     target
-- Affects  the shares that were not right
-- Locks    those shares; the caller has locked the target's slots
-- Index    items_wai from tenant to tenant; items_own and items_lse as a whole
-- Caller   recount (queue_steps.cpp)
WITH RECURSIVE waiting (tenant) AS (
  (SELECT i.tenant FROM lethe.items i
    WHERE i.target = $1::text AND NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 1
    ORDER BY i.target, i.tenant LIMIT 1)
  UNION ALL
  SELECT (SELECT i.tenant FROM lethe.items i
           WHERE i.target = $1::text AND NOT i.is_leased AND i.enqueue_at IS NULL
             AND i.admission = 1 AND i.tenant > w.tenant
           ORDER BY i.target, i.tenant LIMIT 1)
    FROM waiting w
   WHERE w.tenant IS NOT NULL
), counted AS MATERIALIZED (
  SELECT i.tenant, count(*) AS admitted
    FROM lethe.items i
   WHERE i.target = $1::text
     AND (i.leased_by IS NOT NULL
          OR (NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 0))
   GROUP BY i.tenant
), now AS MATERIALIZED (
  SELECT tenant, max(admitted) AS admitted, bool_or(eligible) AS eligible
    FROM (SELECT c.tenant, c.admitted, false AS eligible FROM counted c
          UNION ALL SELECT w.tenant, 0, true FROM waiting w WHERE w.tenant IS NOT NULL
          UNION ALL SELECT h.tenant, 0, false FROM lethe.shares h WHERE h.target = $1::text) x
   GROUP BY tenant
), slots AS (
  UPDATE lethe.target_slots s
     SET admitted = (SELECT coalesce(sum(c.admitted), 0) FROM counted c)
   WHERE s.target = $1::text
     AND s.admitted <> (SELECT coalesce(sum(c.admitted), 0) FROM counted c)
)
INSERT INTO lethe.shares AS h (target, tenant, vtime, admitted, eligible)
SELECT s.target, n.tenant, s.vtime, n.admitted, n.eligible
  FROM now n
  JOIN lethe.target_slots s ON s.target = $1::text
    ON CONFLICT (target, tenant) DO UPDATE
   SET vtime = greatest(h.vtime, excluded.vtime), admitted = excluded.admitted,
       eligible = excluded.eligible
 WHERE h.admitted <> excluded.admitted OR h.eligible <> excluded.eligible
