-- Lets a task wait longer, without spending an attempt.
--
--   $1 text     task
--   $2 text     how long from now (interval)
-- Affects  0 rows when it is leased
-- Locks    the row; the caller has locked the target's slots and recounts them
-- Index    items_pkey
-- Caller   PgTaskStore::snooze
UPDATE lethe.items
   SET enqueue_at = clock_timestamp() + $2::interval, admission = 1
 WHERE id = $1::text AND NOT is_leased
