-- Which settlements are repeats of ones that took effect: the task is where its lease's end put it,
-- and nobody has leased it since.
--
--   $1 jsonb    array of {id, epoch}
-- Returns  id of each
-- Locks    none
-- Index    items_pkey, history_id, dead_pkey
-- Caller   PgTaskQueue::exchange
SELECT x.id
  FROM jsonb_to_recordset($1::jsonb) AS x (id text, epoch bigint)
 WHERE EXISTS (SELECT 1 FROM lethe.items i
                WHERE i.id = x.id AND i.lease_epoch = x.epoch AND NOT i.is_leased)
    OR EXISTS (SELECT 1 FROM lethe.history h WHERE h.id = x.id AND h.lease_epoch = x.epoch)
    OR EXISTS (SELECT 1 FROM lethe.dead d WHERE d.id = x.id AND d.lease_epoch = x.epoch)
