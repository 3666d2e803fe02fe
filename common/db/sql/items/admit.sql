-- Admits waiting tasks of these targets up to each target's max_running. The cap is exact: the
-- caller holds the targets' slots, and this statement's snapshot is younger than that lock. Nothing
-- is counted up or down, so nothing can leak.
--
--   $1 text[]   targets
-- Affects  the admitted tasks
-- Locks    the admitted rows; SKIP LOCKED
-- Index    items_adm to count, items_wai to pick
-- Caller   admit (queue_steps.cpp)
WITH room AS (
  SELECT t.name,
         t.max_running - (SELECT count(*) FROM lethe.items l
                           WHERE l.target = t.name AND l.admission = 0) AS free
    FROM lethe.targets t
   WHERE t.name = ANY ($1::text[])
     AND NOT EXISTS (SELECT 1 FROM lethe.pauses p
                      WHERE p.scope = 'all' OR (p.scope = 'target' AND p.name = t.name))
), pick AS MATERIALIZED (
  SELECT x.id
    FROM room r
   CROSS JOIN LATERAL (
          SELECT q.id
            FROM lethe.items q
           WHERE q.target = r.name AND NOT q.is_leased AND q.enqueue_at IS NULL AND q.admission = 1
             AND NOT EXISTS (SELECT 1 FROM lethe.pauses p
                              WHERE p.scope = 'policy' AND p.name = q.policy)
           ORDER BY q.priority, q.ready_at, q.id
           LIMIT greatest(0, r.free)
             FOR UPDATE SKIP LOCKED) x
)
UPDATE lethe.items t
   SET admission = 0, vft = (extract(epoch FROM t.ready_at) * 1000000)::bigint
 WHERE t.id = ANY (ARRAY (SELECT pick.id FROM pick))
