-- Makes a task that waits for a later attempt ready at once, with all its attempts.
--
--   $1 text     task
-- Affects  0 rows when it is not scheduled
-- Locks    the row; the caller has locked the target's slots
-- Index    items_pkey
-- Caller   PgTaskStore::retry
UPDATE lethe.items
   SET enqueue_at = NULL, ready_at = clock_timestamp(), admission = 1, attempts = 0, rescues = 0,
       vft = lethe.place(clock_timestamp(), priority)
 WHERE id = $1::text AND NOT is_leased AND enqueue_at IS NOT NULL
