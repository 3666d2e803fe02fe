-- The rows of other tables that went along with those of a run.
--
--   $1 text     run
-- Returns  child (quoted), changed (their keys were emptied; else they were deleted), rows; by child
-- Locks    none
-- Index    ledger_run
-- Caller   PgTargetDatabase::traces, PgTargetProof::evidence
SELECT k.child, w.what = 'changed' AS changed, sum(w.rows::bigint)::bigint AS rows
  FROM lethe.ledger l
 CROSS JOIN LATERAL jsonb_each(l.cascaded) AS k (child, done)
 CROSS JOIN LATERAL jsonb_each_text(k.done) AS w (what, rows)
 WHERE l.run = $1::text
 GROUP BY k.child, w.what
 ORDER BY k.child, changed
