-- What a run did to each relation.
--
--   $1 text     run
-- Returns  relation, method, rows, batches, estimated (some of the rows are), oldest, newest (NULL: no
--          row), bounds ('' unless a partition went as a whole), bytes (NULL likewise)
-- Locks    none
-- Index    ledger_run
-- Caller   PgTargetProof::evidence
SELECT l.relation, l.method, sum(l.rows)::bigint AS rows, count(*) AS batches,
       bool_or(l.estimated) AS estimated, min(l.oldest::timestamptz)::text AS oldest,
       max(l.newest::timestamptz)::text AS newest, max(l.bounds) AS bounds,
       sum(l.bytes)::bigint AS bytes
  FROM lethe.ledger l
 WHERE l.run = $1::text
 GROUP BY l.relation, l.method
 ORDER BY l.relation COLLATE "C", l.method COLLATE "C"
