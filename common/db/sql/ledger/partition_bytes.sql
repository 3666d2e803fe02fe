-- How much the partitions took on disk that a run took away as a whole.
--
--   $1 text     run
-- Returns  dropped, quarantined: bytes
-- Locks    none
-- Index    ledger_run
-- Caller   look_at_space (space_step.cpp)
SELECT coalesce(sum(bytes) FILTER (WHERE method = 'drop'), 0)::bigint AS dropped,
       coalesce(sum(bytes) FILTER (WHERE method = 'quarantine'), 0)::bigint AS quarantined
  FROM lethe.ledger
 WHERE run = $1::text
