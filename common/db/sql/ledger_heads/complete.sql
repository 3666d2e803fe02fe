-- Notes for a run that has ended what must be in the ledger of those tasks whose end no worker lived
-- to tell: at least what the queue had heard of.
--
--   $1 text     run
-- Affects  the added and changed rows
-- Locks    those rows
-- Index    history_run, dead_run, ledger_heads_pkey
-- Caller   advance_run (queue_steps.cpp)
INSERT INTO lethe.ledger_heads AS h (target, task, run, batches, rows)
SELECT e.target, e.id, e.run_id, e.batches, e.rows_done
  FROM (SELECT i.target, i.id, i.run_id, i.batches, i.rows_done
          FROM lethe.history i WHERE i.run_id = $1::text AND i.kind = 'clean'
        UNION ALL
        SELECT d.target, d.id, d.run_id, d.batches, d.rows_done
          FROM lethe.dead d WHERE d.run_id = $1::text AND d.kind = 'clean') e
    ON CONFLICT (target, task) DO UPDATE
   SET batches = excluded.batches, rows = excluded.rows
 WHERE h.hash IS NULL AND h.batches < excluded.batches
