-- Takes one leased task back by an operator's word: epoch + 1, so its worker's batch is refused.
--
--   $1 text     task
-- Returns  run_id, worker; no row when it is not leased
-- Locks    the row; the caller has locked the target's slots
-- Index    items_pkey
-- Caller   PgTaskStore::release
UPDATE lethe.items t
   SET is_leased = false, leased_by = NULL, leased_at = NULL, lease_deadline = NULL,
       admission = 1, ready_at = clock_timestamp(), lease_epoch = t.lease_epoch + 1,
       vft = lethe.place(clock_timestamp(), t.priority),
       attempts = greatest(0, t.attempts - 1), last_error = 'released by an operator'
  FROM (SELECT id, leased_by FROM lethe.items WHERE id = $1::text AND is_leased FOR UPDATE) old
 WHERE t.id = old.id
RETURNING t.run_id, old.leased_by AS worker
