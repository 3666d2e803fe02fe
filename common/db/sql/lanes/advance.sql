-- Moves each lane's head to its first ready task, so that leasing never reads what was leased
-- before, not even while an old snapshot keeps vacuum from removing it.
--
-- Affects  the lanes whose head moved
-- Locks    those lanes; the caller has locked admission
-- Index    items_lse from the old head
-- Caller   PgSchedulerStore::advance_lanes
UPDATE lethe.lanes l
   SET head = n.head
  FROM (SELECT o.name,
               coalesce((SELECT i.vft FROM lethe.items i
                          WHERE i.lane = o.name AND i.vft >= o.head AND NOT i.is_leased
                            AND i.enqueue_at IS NULL AND i.admission = 0
                          ORDER BY i.vft LIMIT 1), lethe.place(clock_timestamp(), 0)) AS head
          FROM lethe.lanes o) n
 WHERE n.name = l.name AND n.head > l.head
