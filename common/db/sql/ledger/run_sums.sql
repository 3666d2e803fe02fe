-- What the ledger says of some runs.
--
--   $1 text[]   runs
-- Returns  run, batches, rows; by run, zeros for one that it knows nothing of
-- Locks    none
-- Index    ledger_run
-- Caller   PgTargetProof::run_sums
SELECT r.run, s.batches, s.rows
  FROM unnest($1::text[]) AS r (run)
 CROSS JOIN LATERAL (
        SELECT count(*) AS batches, coalesce(sum(l.rows), 0)::bigint AS rows
          FROM lethe.ledger l WHERE l.run = r.run) s
 ORDER BY r.run COLLATE "C"
