-- items/turn.sql for settlements that end tasks which have written to a ledger: where the chains of
-- those that took effect end is kept, in the same transaction.
--
--   $1 to $7    as items/turn.sql; entries of $3 may have ledger_head, the hash of the last batch
-- Returns  as items/turn.sql
-- Locks    as items/turn.sql; the rows of ledger_heads of the tasks that ended
-- Index    as items/turn.sql; ledger_heads_pkey
-- Caller   PgTaskQueue::turn
WITH turned AS MATERIALIZED (
  SELECT *
    FROM lethe.turn($1::bigint, $2::jsonb, $3::jsonb, $4::integer, $5::bigint, $6::text[], $7::text[])
), kept AS (
  INSERT INTO lethe.ledger_heads AS h (target, task, run, batches, rows, hash)
  SELECT t.target, t.id, t.run_id, s.batches, coalesce(s.rows, 0), s.ledger_head
    FROM turned t
    JOIN jsonb_to_recordset($3::jsonb)
           AS s (id text, epoch bigint, batches bigint, rows bigint, ledger_head text)
      ON s.id = t.id AND s.epoch = t.epoch
   WHERE NOT t.leased AND t.outcome = 'done' AND s.ledger_head IS NOT NULL
      ON CONFLICT (target, task) DO UPDATE
     SET batches = excluded.batches, rows = excluded.rows, hash = excluded.hash
)
SELECT * FROM turned
