-- Moves each lane's head to its first ready task, so that leasing never reads what was leased
-- before, not even while an old snapshot keeps vacuum from removing it.
--
-- Affects  the heads that moved; those of idle lanes every five seconds
-- Locks    them; the caller has locked admission, so no task can take a place meanwhile
-- Index    lane_heads_pkey from the largest down; items_lse from the old head
-- Caller   PgSchedulerStore::advance_lanes
WITH lane AS MATERIALIZED (
  SELECT l.name, h.tid, coalesce(h.head, 0) AS head
    FROM lethe.lanes l
    LEFT JOIN LATERAL (SELECT x.ctid AS tid, x.head FROM lethe.lane_heads x
                        WHERE x.lane = l.name
                        ORDER BY x.head DESC LIMIT 1) h ON true
), next AS MATERIALIZED (
  SELECT o.name, o.tid, o.head,
         coalesce((SELECT i.vft FROM lethe.items i
                    WHERE i.lane = o.name AND i.vft >= o.head AND NOT i.is_leased
                      AND i.enqueue_at IS NULL AND i.admission = 0
                    ORDER BY i.vft LIMIT 1),
                  CASE WHEN o.head < c.now - 5000000 THEN c.now ELSE 0 END) AS new_head
    FROM lane o
   CROSS JOIN (SELECT lethe.place(clock_timestamp(), 0) AS now OFFSET 0) c
), added AS (
  INSERT INTO lethe.lane_heads (lane, head)
  SELECT n.name, n.new_head FROM next n WHERE n.new_head > n.head
)
DELETE FROM lethe.lane_heads
 WHERE ctid = ANY (ARRAY (SELECT n.tid FROM next n WHERE n.new_head > n.head AND n.tid IS NOT NULL))
