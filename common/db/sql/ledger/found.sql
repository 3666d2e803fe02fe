-- The times of the oldest and of the newest row that a sweep found (sweep_delete_found), which it
-- leaves in a setting of the transaction.
--
-- Returns  one row: oldest, newest (text of a timestamptz; NULL when there was no row)
-- Locks    none
-- Index    none
-- Caller   CleanStep::run_in
SELECT nullif(split_part(f.found, '|', 1), '') AS oldest,
       nullif(split_part(f.found, '|', 2), '') AS newest
  FROM current_setting('lethe.found') AS f (found)
