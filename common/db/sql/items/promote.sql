-- Makes scheduled tasks whose time has come wait for admission.
--
--   $1 integer  most tasks, 1..1000
-- Returns  target of each
-- Locks    the promoted rows; SKIP LOCKED
-- Index    items_sch
-- Caller   PgSchedulerStore::promote
WITH due AS MATERIALIZED (
  SELECT i.id
    FROM lethe.items i
   WHERE i.enqueue_at <= clock_timestamp() AND NOT i.is_leased
   ORDER BY i.enqueue_at
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
)
UPDATE lethe.items t
   SET ready_at = t.enqueue_at, enqueue_at = NULL, admission = 1
 WHERE t.id = ANY (ARRAY (SELECT due.id FROM due))
RETURNING t.target
