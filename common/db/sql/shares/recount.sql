-- Counts a target's admitted tasks and looks for waiting ones anew. After rare changes, and now and
-- then because a worker that died may have kept what it knew to itself.
--
--   $1 text     target
--   $2 boolean  read each line from its beginning, and look for tenants without a share too
-- Affects  the shares that were not right
-- Locks    those shares; the caller has locked the target's slots
-- Index    items_wai from each share's head, or from tenant to tenant; items_own as a whole; items_lse
--          from each lane's head
-- Caller   recount (queue_steps.cpp)
WITH RECURSIVE newcomer (tenant) AS (
  (SELECT i.tenant FROM lethe.items i
    WHERE $2::boolean AND i.target = $1::text AND NOT i.is_leased AND i.enqueue_at IS NULL
      AND i.admission = 1
    ORDER BY i.target, i.tenant LIMIT 1)
  UNION ALL
  SELECT (SELECT i.tenant FROM lethe.items i
           WHERE i.target = $1::text AND NOT i.is_leased AND i.enqueue_at IS NULL
             AND i.admission = 1 AND i.tenant > w.tenant
           ORDER BY i.target, i.tenant LIMIT 1)
    FROM newcomer w
   WHERE w.tenant IS NOT NULL
), share AS MATERIALIZED (
  SELECT h.ctid AS tid, h.tenant, h.admitted, h.eligible,
         (SELECT i.vft FROM lethe.items i
           WHERE i.target = $1::text AND i.tenant = h.tenant
             AND i.vft >= CASE WHEN $2::boolean THEN 0 ELSE h.head END
             AND NOT i.is_leased AND i.enqueue_at IS NULL AND i.admission = 1
           ORDER BY i.target, i.tenant, i.vft LIMIT 1) AS place,
         h.head
    FROM lethe.shares h
   WHERE h.target = $1::text
), counted AS MATERIALIZED (
  SELECT a.tenant, count(*) AS admitted
    FROM (SELECT i.tenant FROM lethe.items i
           WHERE i.leased_by IS NOT NULL AND i.target = $1::text
          UNION ALL
          SELECT i.tenant
            FROM lethe.lanes l
           CROSS JOIN LATERAL (
                  SELECT coalesce(max(x.head), 0) AS head FROM lethe.lane_heads x
                   WHERE x.lane = l.name) h
            JOIN lethe.items i ON i.lane = l.name AND i.vft >= h.head AND NOT i.is_leased
                              AND i.enqueue_at IS NULL AND i.admission = 0
           WHERE i.target = $1::text) a
   GROUP BY a.tenant
), slot AS MATERIALIZED (
  SELECT x.ctid AS tid, x.vtime, x.admitted
    FROM lethe.target_slots x
   WHERE x.target = $1::text
   ORDER BY x.version DESC LIMIT 1
), slots AS (
  UPDATE lethe.target_slots s
     SET admitted = (SELECT coalesce(sum(c.admitted), 0) FROM counted c), version = s.version + 1
   WHERE s.ctid = ANY (ARRAY (
           SELECT o.tid FROM slot o
            WHERE o.admitted <> (SELECT coalesce(sum(c.admitted), 0) FROM counted c)))
), known AS (
  UPDATE lethe.shares h
     SET admitted = n.admitted, eligible = n.place IS NOT NULL, version = h.version + 1,
         head = least(h.head, n.place),
         vtime = greatest(h.vtime, (SELECT o.vtime FROM slot o))
    FROM (SELECT s.tid, s.place, coalesce(c.admitted, 0) AS admitted
            FROM share s
            LEFT JOIN counted c ON c.tenant = s.tenant
           WHERE s.admitted <> coalesce(c.admitted, 0) OR s.eligible <> (s.place IS NOT NULL)
              OR s.place < s.head) n
   WHERE h.ctid = n.tid
)
INSERT INTO lethe.shares (target, tenant, vtime, admitted, eligible)
SELECT $1::text, n.tenant, o.vtime, coalesce(c.admitted, 0), n.waits
  FROM (SELECT tenant, bool_or(waits) AS waits
          FROM (SELECT w.tenant, true AS waits FROM newcomer w WHERE w.tenant IS NOT NULL
                UNION ALL SELECT c.tenant, false FROM counted c) x
         GROUP BY tenant) n
  LEFT JOIN counted c ON c.tenant = n.tenant
 CROSS JOIN slot o
 WHERE n.tenant NOT IN (SELECT s.tenant FROM share s)
