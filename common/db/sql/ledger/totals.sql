-- What the ledger says of a run.
--
--   $1 text     run
-- Returns  batches, rows
-- Locks    none
-- Index    ledger_run
-- Caller   PgTargetDatabase::ledger_totals
SELECT count(*) AS batches, coalesce(sum(rows), 0)::bigint AS rows
  FROM lethe.ledger
 WHERE run = $1::text
