-- Takes out tasks that nobody works on, and asks those that are leased to stop. Which is which is
-- read from the locked rows: a lease or its end that was under way is not in the statement's own
-- snapshot.
--
--   $1 text     run, or NULL
--   $2 text     task, or NULL
-- Returns  id, run_id, was_leased of each task concerned
-- Locks    the rows; the caller has locked the targets' slots
-- Index    items_run, items_pkey
-- Caller   PgRunStore::cancel, PgTaskStore::cancel
WITH mine AS MATERIALIZED (
  SELECT i.id, i.is_leased FROM lethe.items i
   WHERE i.run_id = $1::text OR i.id = $2::text
   ORDER BY i.id
     FOR UPDATE
), asked AS (
  UPDATE lethe.items t SET cancel_requested = true
   WHERE t.id = ANY (ARRAY (SELECT mine.id FROM mine WHERE mine.is_leased))
  RETURNING t.id, t.run_id
), removed AS (
  DELETE FROM lethe.items t
   WHERE t.id = ANY (ARRAY (SELECT mine.id FROM mine WHERE NOT mine.is_leased))
  RETURNING t.*
), archived AS (
  INSERT INTO lethe.history SELECT r.*, clock_timestamp(), 'cancelled' FROM removed r
)
SELECT id, run_id, true AS was_leased FROM asked
UNION ALL
SELECT id, run_id, false FROM removed
