-- Those of some tasks that this database knows nothing of.
--
--   $1 text     target
--   $2 text[]   tasks
-- Returns  task
-- Locks    none
-- Index    items_pkey, ledger_heads_pkey, dead_pkey, history_id
-- Caller   PgProofStore::unknown_tasks
SELECT t.task
  FROM unnest($2::text[]) AS t (task)
 WHERE NOT EXISTS (SELECT 1 FROM lethe.items i WHERE i.id = t.task)
   AND NOT EXISTS (SELECT 1 FROM lethe.ledger_heads h WHERE h.target = $1::text AND h.task = t.task)
   AND NOT EXISTS (SELECT 1 FROM lethe.dead d WHERE d.id = t.task)
   AND NOT EXISTS (SELECT 1 FROM lethe.history h WHERE h.id = t.task)
 ORDER BY t.task
