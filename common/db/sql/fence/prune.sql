-- Forgets fences, cutoffs and parked rows of old runs: what is older than 30 days and more than 20 runs back.
--
--   $1 text     the run that is being planned
-- Affects  the forgotten rows
-- Locks    those rows
-- Index    fence_run, cutoffs_pkey, parked_row
-- Caller   PgTaskRunner::look
WITH old AS (
  SELECT f.run
    FROM lethe.fence f
   WHERE f.run < $1::text
   GROUP BY f.run
  HAVING max(f.updated_at) < clock_timestamp() - interval '30 days'
   ORDER BY f.run DESC
  OFFSET 20
   LIMIT 100
), cutoffs AS (
  DELETE FROM lethe.cutoffs c WHERE c.run = ANY (ARRAY (SELECT old.run FROM old))
), parked AS (
  DELETE FROM lethe.parked p WHERE p.run = ANY (ARRAY (SELECT old.run FROM old))
)
DELETE FROM lethe.fence f WHERE f.run = ANY (ARRAY (SELECT old.run FROM old))
