-- Turns unleased tasks whose expire_deadline has passed into dead letters, and asks leased ones to
-- stop. Which is which is read from the locked rows, as in items/cancel.sql.
--
--   $1 integer  most tasks, 1..1000
-- Returns  run_id, target of each task that was taken out
-- Locks    the rows; SKIP LOCKED
-- Index    runs_expire, items_run
-- Caller   PgSchedulerStore::expire
WITH late AS MATERIALIZED (
  SELECT i.id, i.is_leased
    FROM lethe.runs r
    JOIN lethe.items i ON i.run_id = r.id
   WHERE r.finished_at IS NULL AND r.expire_at <= clock_timestamp()
     AND i.expire_deadline <= clock_timestamp() AND NOT (i.is_leased AND i.cancel_requested)
   ORDER BY r.expire_at
   LIMIT $1::integer
     FOR UPDATE OF i SKIP LOCKED
), asked AS (
  UPDATE lethe.items t SET cancel_requested = true
   WHERE t.id = ANY (ARRAY (SELECT late.id FROM late WHERE late.is_leased))
), removed AS (
  DELETE FROM lethe.items t
   WHERE t.id = ANY (ARRAY (SELECT late.id FROM late WHERE NOT late.is_leased))
  RETURNING t.*
), buried AS (
  INSERT INTO lethe.dead
  SELECT r.*, clock_timestamp(), 'expired: not finished before its deadline', '' FROM removed r
)
SELECT run_id, target FROM removed
