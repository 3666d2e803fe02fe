-- Where the ledger's chains of ended tasks end, by task.
--
--   $1 text     target
--   $2 text     after this task; '': from the first
--   $3 text     run; '' is any
--   $4 integer  most rows, 1..10000
-- Returns  task, run, batches, rows, hash (NULL: nobody could tell)
-- Locks    none
-- Index    ledger_heads_pkey
-- Caller   PgProofStore::ledger_heads
SELECT h.task, h.run, h.batches, h.rows, h.hash
  FROM lethe.ledger_heads h
 WHERE h.target = $1::text AND h.task > $2::text AND ($3::text = '' OR h.run = $3::text)
 ORDER BY h.task
 LIMIT $4::integer
