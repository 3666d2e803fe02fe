-- Makes scheduled tasks whose time has come wait for admission.
--
--   $1 integer  most tasks, 1..1000
--   $2 text[]   targets
-- Returns  target and tenant of each
-- Locks    the promoted rows; SKIP LOCKED; the caller has locked the targets' slots
-- Index    items_sch
-- Caller   PgSchedulerStore::promote
WITH due AS MATERIALIZED (
  SELECT i.id
    FROM lethe.items i
   WHERE i.enqueue_at <= clock_timestamp() AND NOT i.is_leased AND i.target = ANY ($2::text[])
   ORDER BY i.enqueue_at
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
)
UPDATE lethe.items t
   SET ready_at = t.enqueue_at, enqueue_at = NULL, admission = 1,
       vft = lethe.place(clock_timestamp(), t.priority)
 WHERE t.id = ANY (ARRAY (SELECT due.id FROM due))
RETURNING t.target, t.tenant
