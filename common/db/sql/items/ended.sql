-- What became of a task that is no longer live: from history or the dead letters.
--
--   $1 text     task
-- Returns  id, run, policy, target, kind, state (done, cancelled, dead), attempts, rescues, epoch,
--          batches, rows, last_error, ended_at; or no row
-- Locks    none
-- Index    history_id, dead_pkey
-- Caller   PgTaskStore::find
SELECT id, run_id AS run, policy, target, kind, outcome AS state, attempts, rescues,
       lease_epoch AS epoch, batches, rows_done AS rows, last_error,
       lethe.iso(finished_at) AS ended_at
  FROM lethe.history
 WHERE id = $1::text
UNION ALL
SELECT id, run_id, policy, target, kind, 'dead', attempts, rescues, lease_epoch, batches, rows_done,
       reason, lethe.iso(died_at)
  FROM lethe.dead
 WHERE id = $1::text
